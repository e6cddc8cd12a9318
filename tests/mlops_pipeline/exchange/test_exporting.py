from __future__ import annotations

import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from exchanged import Site

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.exchange import export_run
from mlops_pipeline.store import State, open_store


def test_the_same_run_gives_the_same_bytes(site: Site, tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        site.export("two", tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as file:
        kinds = {name.partition("/")[0] for name in file.namelist()}
    assert kinds == {"artifacts", "documents", "export.json"}


def test_a_file_that_is_there_is_not_written_over(site: Site, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("mine")
    with pytest.raises(PipelineError, match="is there already"):
        site.export("two", tmp_path / "x.zip")
    with pytest.raises(PipelineError, match="cannot write"):
        site.export("two", tmp_path / "no" / "x.zip")
    assert (tmp_path / "x.zip").read_text() == "mine"


def test_a_run_that_goes_on_is_refused(site: Site, tmp_path: Path) -> None:
    with closing(open_store(site.url)) as store:
        run = store.get_run("two")
        assert run is not None
        going = replace(run, state=State.RUNNING, finished=0.0)
        with pytest.raises(PipelineError, match="goes on"):
            export_run(store, going, tmp_path / "x.zip")


def test_artifacts_that_are_gone_altered_or_loops_are_named(site: Site, tmp_path: Path) -> None:
    (weights,) = Path(site.root).rglob("weights")
    weights.write_text("altered")
    done = site.export("two", tmp_path / "x.zip")
    assert [each.rpartition(": ")[2] for each in done.without] == ["its content was altered"]
    there = Site(tmp_path / "there")
    assert there.import_file(tmp_path / "x.zip").executions == 3
    weights.write_text("w" * 5)
    (weights.parent / "loop").symlink_to(weights.parent)
    assert site.export("two", tmp_path / "y.zip").without
