from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from exchanged import Site

from mlops_pipeline.errors import PipelineError

Edit = Callable[[dict[str, bytes]], None]


def rewritten(file: Path, edit: Edit) -> Path:
    """Return a copy of an export with other entries."""
    with zipfile.ZipFile(file) as opened:
        entries = {name: opened.read(name) for name in opened.namelist()}
    edit(entries)
    target = file.with_name("edited.zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        for name, data in entries.items():
            written.writestr(name, data)
    return target


def records(change: Callable[[dict[str, Any]], Any]) -> Edit:
    def edit(entries: dict[str, bytes]) -> None:
        said = json.loads(entries["export.json"])
        change(said)
        entries["export.json"] = json.dumps(said).encode()

    return edit


def first_file(entries: dict[str, bytes]) -> str:
    return next(name for name in entries if name.startswith("artifacts/"))


def alter_file(entries: dict[str, bytes]) -> None:
    entries[first_file(entries)] += b"x"


def alter_document(entries: dict[str, bytes]) -> None:
    name = next(each for each in entries if each.startswith("documents/"))
    entries[name] += b"x"


def add_document(entries: dict[str, bytes]) -> None:
    entries[f"documents/{hashlib.sha256(b'x').hexdigest()}"] = b"x"


def put(name: str, data: bytes = b"x") -> Edit:
    return lambda entries: entries.update({name: data})


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (put("../evil.py"), "leads out of its folder"),
        (put("/etc/evil"), "leads out of its folder"),
        (put("artifacts/1/../../../evil"), "leads out of its folder"),
        (put("artifacts/1//evil"), "leads out of its folder"),
        (put("a\\b"), "a name that is none"),
        (put("evil.py"), "entries that its records do not name"),
        (put("artifacts/999/evil"), "is no file of an artifact"),
        (alter_file, "were altered"),
        (alter_document, "has another digest"),
        (add_document, "not those that its records name"),
        (lambda entries: entries.pop("export.json"), "it has no export.json"),
        (put("export.json", b"[]"), "cannot be read"),
        (put("export.json", b"[" * 100_000), "cannot be read"),
        (put("export.json", b'{"format": "other"}'), "not written by `mlops export`"),
        (records(lambda said: said.update(version=2)), "version 2"),
        (records(lambda said: said.update(run="other")), "is not in it"),
        (records(lambda said: said["events"][0].update(artifact_id=77)), "leads to what is not"),
        (records(lambda said: said["executions"][0].update(id="1")), "cannot be read"),
        (records(lambda said: said["executions"].append(said["executions"][0])), "same number"),
        (records(lambda said: said["executions"][0].update(state="ODD")), "cannot be read"),
    ],
)
def test_what_was_altered_is_refused_and_nothing_is_recorded(
    site: Site, tmp_path: Path, edit: Edit, said: str
) -> None:
    site.export("two", tmp_path / "x.zip")
    there = Site(tmp_path / "there")
    with pytest.raises(PipelineError, match=said):
        there.import_file(rewritten(tmp_path / "x.zip", edit))
    assert not (tmp_path / "there" / "metadata.db").exists()
    left = [p for p in (tmp_path / "there").rglob("*") if p.name != "artifacts"]
    assert [p for p in left if p.is_file()] == []
    assert not (tmp_path / "evil.py").exists()


def test_a_file_that_unpacks_to_too_much_is_refused(site: Site, tmp_path: Path) -> None:
    site.export("two", tmp_path / "x.zip")
    bomb = rewritten(tmp_path / "x.zip", put("artifacts/1/zeros", b"\0" * 20_000_000))
    assert bomb.stat().st_size < 1_000_000
    with pytest.raises(PipelineError, match=r"allow more with --limit|up to 0.01 GB"):
        Site(tmp_path / "there").import_file(bomb, limit=0.01)


def test_links_encrypted_entries_and_no_zip_are_refused(site: Site, tmp_path: Path) -> None:
    there = Site(tmp_path / "there")
    site.export("two", tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "x.zip", "a") as file:
        link = zipfile.ZipInfo("artifacts/1/link")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")
    with pytest.raises(PipelineError, match="is a link"):
        there.import_file(tmp_path / "x.zip")
    (tmp_path / "no.zip").write_text("no zip")
    for name in ("no.zip", "missing.zip"):
        with pytest.raises(PipelineError, match=r"no ZIP file|there is no file"):
            there.import_file(tmp_path / name)


def test_a_file_that_was_cut_off_or_damaged_is_refused(site: Site, tmp_path: Path) -> None:
    site.export("two", tmp_path / "x.zip")
    data = (tmp_path / "x.zip").read_bytes()
    there = Site(tmp_path / "there")
    refused = 0
    for at in range(0, len(data), max(1, len(data) // 60)):
        broken = bytearray(data)
        broken[at] ^= 0xFF
        (tmp_path / "y.zip").write_bytes(broken)
        try:
            there.import_file(tmp_path / "y.zip")
        except PipelineError:
            refused += 1
    (tmp_path / "y.zip").write_bytes(data[: len(data) // 2])
    with pytest.raises(PipelineError):
        there.import_file(tmp_path / "y.zip")
    assert refused > 40
