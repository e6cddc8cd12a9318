from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from cli_project import Mlops

from mlops_pipeline.store import open_store

STORE = ("--store", "metadata.db")


def change(statement: str) -> None:
    with closing(sqlite3.connect("metadata.db")) as connection, connection:
        connection.execute(statement)


def test_a_store_in_which_all_fits_is_told_so_by_each_check(mlops: Mlops) -> None:
    mlops("run", ".", *STORE)
    done = mlops("metadata", "fsck", *STORE)
    assert done.code == 0
    assert done.out.splitlines()[0].split() == ["check", "rows", "misfits", "removed", "first"]
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "executions have a type 4 0" in lines
    assert "what is LIVE has files 5 0" in lines
    # Nothing was running: that is not called sound.
    assert "what is RUNNING has a process none -" in lines
    assert lines[-1] == "all of it fits"


def test_what_does_not_fit_is_named_until_it_is_removed(mlops: Mlops) -> None:
    mlops("run", ".", *STORE)
    change("INSERT INTO Event (artifact_id, execution_id, type) VALUES (900, 1, 4)")
    done = mlops("metadata", "fsck", *STORE)
    assert done.code == 1
    assert "(Artifact 900 is gone)" in done.out
    assert done.out.splitlines()[-1] == "1 misfit"
    assert "--repair" in done.err
    done = mlops("metadata", "fsck", "--repair", *STORE)
    assert done.code == 0
    assert done.out.splitlines()[-2:] == ["1 row removed", "all of it fits"]
    assert mlops("metadata", "fsck", *STORE).code == 0


def test_files_that_are_gone_are_told_and_not_repaired(mlops: Mlops) -> None:
    mlops("run", ".", *STORE)
    model = mlops("artifacts", "--type", "Model", "--json", *STORE).data[0]
    shutil.rmtree(model["uri"])
    for flags in ((), ("--repair",)):
        done = mlops("metadata", "fsck", "--json", *flags, *STORE)
        assert done.code == 1
        wrong = [each for each in done.data["checks"] if each["misfits"]]
        assert [(each["check"], each["misfits"], each["removed"]) for each in wrong] == [
            ("what is LIVE has files", 1, 0)
        ]
        assert wrong[0]["first"] == [f"{model['id']} (Model: {model['uri']})"]


def test_a_damaged_file_is_told_with_what_to_do(mlops: Mlops, tmp_path: Path) -> None:
    mlops("run", ".", *STORE)
    with closing(sqlite3.connect("metadata.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'idx_artifact_uri'"
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with (tmp_path / "metadata.db").open("rb+") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 64)
    done = mlops("metadata", "fsck", *STORE)
    assert done.code == 1
    assert "the file of the store is damaged" in done.err
    assert "restore it from a backup" in done.err


def test_an_empty_store_is_not_called_sound(mlops: Mlops, tmp_path: Path) -> None:
    done = mlops("metadata", "fsck", *STORE)
    assert done.code == 2
    assert not (tmp_path / "metadata.db").exists()
    open_store(f"sqlite:///{tmp_path}/metadata.db").close()
    done = mlops("metadata", "fsck", *STORE)
    assert done.code == 2
    assert "nothing is recorded" in done.err


def test_a_store_without_tables_is_refused(mlops: Mlops) -> None:
    mlops("run", ".")
    done = mlops("metadata", "fsck")
    assert done.code == 2
    assert "cannot be reached from here" in done.err
