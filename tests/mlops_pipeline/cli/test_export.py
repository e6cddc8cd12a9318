from __future__ import annotations

from pathlib import Path

from cli_project import Mlops


def test_a_run_goes_from_one_store_to_another(mlops: Mlops, tmp_path: Path) -> None:
    here, there = ("--store", "here.db"), ("--store", "there.db", "--root", "there")
    mlops("run", ".", "--run-id", "one", *here)
    done = mlops("export", "one", "x.zip", "--with-artifacts", *here)
    assert (done.code, "executions" in done.out) == (0, True)
    assert mlops("export", "one", "x.zip", *here).code == 2
    taken = mlops("import", "x.zip", *there)
    assert (taken.code, "are new" in taken.out) == (0, True)
    assert mlops("import", "x.zip", *there).out == "run one was here already\n"
    assert mlops("show", "one", *there).code == 0
    assert mlops("verify", "one", *there).code == 0


def test_an_import_of_no_export_is_told(mlops: Mlops, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("no")
    result = mlops("import", "x.zip", "--store", "there.db", "--json")
    assert (result.code, "cannot be imported" in result.err) == (2, True)
