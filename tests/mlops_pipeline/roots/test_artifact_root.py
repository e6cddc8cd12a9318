"""Artifact roots that need no server: a folder of this machine, and fsspec's own memory."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.register_assert_rewrite("root_contract")

from root_contract import RootContract, Site  # noqa: E402

from mlops_pipeline.errors import SettingsError  # noqa: E402
from mlops_pipeline.roots import (  # noqa: E402
    make_root,
)
from mlops_pipeline.store import MemoryStore  # noqa: E402


class TestFileUrl(RootContract):
    @pytest.fixture
    def root(self, tmp_path: Path) -> str:
        return f"file://{tmp_path / 'root'}"


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
