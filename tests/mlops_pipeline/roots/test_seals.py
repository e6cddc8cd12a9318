from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mlops_pipeline.roots import seals

SCRIPT = "from mlops_pipeline.roots import seal; print(seal('a', 'b'))"


@pytest.fixture(autouse=True)
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "state" / "key"
    monkeypatch.setenv("MLOPS_KEY_FILE", str(file))
    seals._key.cache_clear()
    return file


@pytest.fixture(autouse=True, scope="module")
def _forget():
    yield
    seals._key.cache_clear()


def sealed_elsewhere() -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_seal_holds_for_the_same_texts_and_no_others(key_file: Path) -> None:
    given = seals.seal("a", "b")
    assert seals.is_sealed(given, "a", "b")
    for texts in (("a", "c"), ("ab",), ("", "ab"), ("a", "b", ""), ("b", "a")):
        assert not seals.is_sealed(given, *texts)
    for made_up in (
        "",
        ":",
        given[:-1],
        given.upper(),
        given + "\n",
        "\ud800",
        f"{'0' * 8}:{given}",
    ):
        assert not seals.is_sealed(made_up, "a", "b")


def test_processes_of_a_user_share_a_key_that_others_cannot_read(key_file: Path) -> None:
    first = sealed_elsewhere()
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in key_file.parent.iterdir()] == ["key"]
    assert sealed_elsewhere() == first == seals.seal("a", "b")


@pytest.mark.parametrize("content", [b"", b"short"])
def test_a_key_that_is_too_short_is_not_used(key_file: Path, content: bytes) -> None:
    key_file.parent.mkdir()
    key_file.write_bytes(content)
    assert sealed_elsewhere() != sealed_elsewhere()
    assert key_file.read_bytes() == content


def test_a_key_that_others_may_write_is_not_used(key_file: Path) -> None:
    sealed_elsewhere()
    key_file.chmod(0o622)
    assert sealed_elsewhere() != sealed_elsewhere()


def test_without_a_folder_for_it_each_process_has_a_key(key_file: Path) -> None:
    key_file.parent.write_text("a file")
    assert sealed_elsewhere() != sealed_elsewhere()


def test_a_long_key_of_a_team_counts_whole(key_file: Path) -> None:
    key_file.parent.mkdir()
    found = set()
    for end in (b"1", b"2"):
        key_file.write_bytes(b"k" * 200 + end)
        found.add(sealed_elsewhere())
    assert len(found) == 2
