from __future__ import annotations

from pathlib import Path

from cli_project import Mlops


def test_a_copy_holds_the_same_runs(mlops: Mlops, tmp_path: Path) -> None:
    mlops("run", ".", "--store", "metadata.db")
    done = mlops("metadata", "copy", "metadata.db", "stores/copy.db")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].split() == ["table", "rows", "new", "digest"]
    assert ["Execution", "4", "4"] in [line.split()[:3] for line in lines]
    assert f"stores/copy.db is the same as sqlite:///{tmp_path}/metadata.db" in lines[-1]
    runs = mlops("runs", "--json", "--store", "metadata.db").data
    assert mlops("runs", "--json", "--store", "stores/copy.db").data == runs
    again = mlops("metadata", "copy", "metadata.db", f"sqlite:///{tmp_path}/stores/copy.db")
    assert again.code == 0
    assert again.out.splitlines()[-1].startswith("nothing was new: ")
    data = mlops("metadata", "copy", "--json", "metadata.db", "stores/copy.db").data
    assert {each["table"]: each["rows"] for each in data}["Artifact"] == 5


def test_what_cannot_be_copied_is_named(mlops: Mlops, tmp_path: Path) -> None:
    done = mlops("metadata", "copy", "none.db", "copy.db")
    assert done.code == 2
    assert "there is no store" in done.err
    mlops("run", ".", "--store", "metadata.db")
    done = mlops("metadata", "copy", "metadata.db", "./metadata.db")
    assert done.code == 2
    assert "is the store itself" in done.err
    done = mlops("metadata", "copy", "metadata.db", "memory://copy")
    assert done.code == 2
    assert "cannot be reached from here" in done.err
    assert not (tmp_path / "none.db").exists()


def test_another_store_is_left_as_it_is(mlops: Mlops) -> None:
    mlops("run", ".", "--store", "one.db")
    mlops("run", ".", "--store", "two.db")
    before = mlops("runs", "--json", "--store", "two.db").data
    done = mlops("metadata", "copy", "one.db", "two.db")
    assert done.code == 2
    assert "holds something else" in done.err
    assert mlops("runs", "--json", "--store", "two.db").data == before
