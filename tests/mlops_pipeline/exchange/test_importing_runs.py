from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
from contextlib import closing
from pathlib import Path

import pytest
from exchanged import Site

from mlops_pipeline.cli import call
from mlops_pipeline.store import MetadataStore, open_store


def test_a_run_arrives_with_its_lineage_and_files(site: Site, tmp_path: Path) -> None:
    site.export("two", tmp_path / "x.zip")
    there = Site(tmp_path / "there")
    done = there.import_file(tmp_path / "x.zip")
    assert (done.run, done.executions, done.artifacts, done.files) == ("two", 3, 3, 3)
    wanted = site.all()
    found = there.all()
    # Of the first run, only what made the model of the second.
    assert found["runs"] == wanted["runs"]
    assert set(found["executions"]) < set(wanted["executions"])
    assert set(found["events"]) < set(wanted["events"])
    assert [e for e in found["events"] if e[0][0] == "two"] == [
        e for e in wanted["events"] if e[0][0] == "two"
    ]
    shutil.rmtree(site.root)
    assert call(["verify", "two", "--store", there.url, "--root", there.root]) == 0


def test_importing_twice_changes_nothing_and_more_of_a_run_completes_it(
    site: Site, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        site.export(name, tmp_path / f"{name}.zip")
    there = Site(tmp_path / "there")
    there.import_file(tmp_path / "two.zip")
    before = there.all()
    again = there.import_file(tmp_path / "two.zip")
    assert (again.executions, again.artifacts, again.files, again.runs) == (0, 0, 0, 0)
    assert there.all() == before
    more = there.import_file(tmp_path / "one.zip")
    assert (more.executions, more.known, more.renamed) == (1, 1, {})
    assert there.all() == site.all()


def test_importing_where_it_was_exported_finds_all_there(site: Site, tmp_path: Path) -> None:
    before = site.all()
    site.export("two", tmp_path / "x.zip")
    done = site.import_file(tmp_path / "x.zip")
    assert (done.executions, done.artifacts, done.runs) == (0, 0, 0)
    assert site.all() == before


def test_another_run_with_the_same_id_keeps_it(site: Site, tmp_path: Path) -> None:
    site.export("two", tmp_path / "x.zip")
    other = Site(tmp_path / "other")
    flags = ["--store", other.url, "--root", other.root, "--in-process"]
    assert call(["run", ".", "--run-id", "two", *flags]) == 0
    done = other.import_file(tmp_path / "x.zip")
    assert done.run.startswith("two.imported-")
    assert done.renamed == {"two": done.run}
    assert other.import_file(tmp_path / "x.zip").executions == 0
    assert set(other.all()["runs"]) == {"one", "two", done.run}


def test_an_imported_result_is_reused_by_the_cache(site: Site, tmp_path: Path) -> None:
    site.export("one", tmp_path / "x.zip")
    there = Site(tmp_path / "there")
    there.import_file(tmp_path / "x.zip")
    flags = ["--store", there.url, "--root", there.root, "--in-process"]
    assert call(["run", ".", "--run-id", "new", *flags]) == 0
    with closing(open_store(there.url)) as store:
        states = [str(e.state) for e in store.executions_of_run("new")]
    assert states == ["CACHED", "CACHED"]


def test_without_files_the_records_say_where_they_were(site: Site, tmp_path: Path) -> None:
    done = site.export("one", tmp_path / "x.zip", files=False)
    there = Site(tmp_path / "there")
    assert (done.files, there.import_file(tmp_path / "x.zip").files) == (0, 0)
    assert there.all()["executions"] == [e for e in site.all()["executions"] if e[0][0] == "one"]
    assert not Path(there.root).exists()


def import_and_die(file: Path, folder: Path, step: int) -> None:
    there = Site(folder)
    left = step
    real = MetadataStore

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in ("os.rename", "open", "shutil.rmtree", "sqlite3.connect", "os.mkdir"):
            left -= 1
            if left == 0:
                os._exit(9)

    sys.addaudithook(hook)
    there.import_file(file)
    assert real is MetadataStore
    os._exit(0)


@pytest.mark.slow  # Kills processes.
def test_an_import_that_is_killed_leaves_nothing_half(site: Site, tmp_path: Path) -> None:
    site.export("two", tmp_path / "x.zip")
    context = multiprocessing.get_context("fork")
    ends = set()
    for step in range(1, 120, 4):
        folder = tmp_path / f"there{step}"
        process = context.Process(target=import_and_die, args=(tmp_path / "x.zip", folder, step))
        process.start()
        process.join()
        ends.add(process.exitcode)
        there = Site(folder)
        runs = there.all()["runs"]
        assert set(runs) in (set(), {"one", "two"})
        there.import_file(tmp_path / "x.zip")
        assert set(there.all()["runs"]) == {"one", "two"}
        left = [p.name for p in Path(there.root).iterdir() if p.name.startswith(".importing")]
        assert left == []
        if process.exitcode == 0:
            break
    assert ends == {0, 9}


def test_a_root_elsewhere_takes_no_files(site: Site, tmp_path: Path) -> None:
    site.export("one", tmp_path / "x.zip")
    there = Site(tmp_path / "there")
    there.root = "s3://bucket/x"
    with pytest.raises(Exception, match="cannot be put into s3://bucket/x"):
        there.import_file(tmp_path / "x.zip")
