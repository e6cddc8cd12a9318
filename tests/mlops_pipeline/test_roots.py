"""Artifact roots that need no server: a folder of this machine, and fsspec's own memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("root_contract")

from root_contract import RemoteContract, RootContract, Site, states  # noqa: E402

from mlops_pipeline.errors import SettingsError  # noqa: E402
from mlops_pipeline.roots import (  # noqa: E402
    default_scratch,
    make_root,
    make_scratch,
)
from mlops_pipeline.roots.object_store import remove  # noqa: E402
from mlops_pipeline.store import MemoryStore  # noqa: E402


class TestLocalRoot(RootContract):
    @pytest.fixture
    def root(self, tmp_path: Path) -> str:
        return str(tmp_path / "root")


class TestFileUrl(RootContract):
    @pytest.fixture
    def root(self, tmp_path: Path) -> str:
        return f"file://{tmp_path / 'root'}"


class TestMemoryRoot(RemoteContract):
    @pytest.fixture
    def root(self) -> Iterator[str]:
        yield "memory://bucket/team"
        remove("memory://bucket")


@pytest.mark.parametrize(
    ("url", "said", "hint"),
    [
        ("s3://key:secret@bucket/x", "holds credentials", "leave them out"),
        ("gs://token@bucket/x", "holds credentials", "leave them out"),
        ("ftp://host/x", "cannot hold artifacts", "s3://, gs://, memory://"),
        ("memory://", "not the URL of a bucket", "memory://bucket/folder"),
        ("memory://b/x?anon=1", "not the URL of a bucket", "memory://bucket/folder"),
        ("memory://b/x::file://y", "not the URL of a bucket", "memory://bucket/folder"),
        ("s3://bucket/x", "needs s3fs", "mlops-pipeline[s3]"),
        ("gs://bucket/x", "needs gcsfs", "mlops-pipeline[gcs]"),
    ],
)
def test_urls_that_cannot_be_used_are_refused_with_what_to_do(
    url: str, said: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(SettingsError, match=said) as caught:
        make_root(url)
    assert hint in caught.value.hint
    assert "secret" not in str(caught.value)


def test_without_its_library_no_run_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    site = Site("s3://bucket/x", tmp_path, MemoryStore())
    with pytest.raises(SettingsError, match="needs s3fs") as caught:
        site.run("r1")
    assert caught.value.exit_code == 2
    assert site.store.list_runs() == []


def test_the_scratch_folder_is_the_users_cache_and_never_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert default_scratch() == tmp_path / "cache" / "mlops"
    make_scratch(default_scratch())
    assert default_scratch().stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nobody")
    monkeypatch.setattr(os, "access", lambda place, mode: False)
    assert default_scratch().name == f"mlops-{os.getuid()}"


def test_a_root_of_its_own_beside_one_that_is_away(tmp_path: Path) -> None:
    store = MemoryStore()
    elsewhere = Site("memory://other/x", tmp_path / "a", store)
    elsewhere.run("r1")
    here = Site(str(tmp_path / "root"), tmp_path / "b", store)
    # What is kept in another root is as good: inputs are brought here from there.
    assert states(here.run("r2")) == ["CACHED"] * 4
    third = here.run("r3", mode="modes")
    assert [str(o.state) for o in third.outcomes] == ["CACHED", *["COMPLETE"] * 3]
    assert here.output(third, "Train", "model").uri.startswith(str(tmp_path))
    remove("memory://other")
    assert states(here.run("r4")) == ["COMPLETE"] * 4
