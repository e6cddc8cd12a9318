"""`mlops retrain`: exit codes, and files for continuous integration."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_project import Mlops
from retrained import make_project


@pytest.fixture
def folder(mlops: Mlops, tmp_path: Path) -> Path:
    make_project(tmp_path)
    return tmp_path


def test_the_exit_code_says_what_came_of_it(mlops: Mlops, folder: Path) -> None:
    files = ("--junit", "j.xml", "--summary", "s.md")
    first = mlops("retrain", "daily", *files)
    assert (first.code, first.out) == (0, "rolled out: shop v1 was pushed\n")
    assert "rolled out" in (folder / "s.md").read_text()
    assert 'failures="0"' in (folder / "j.xml").read_text()
    again = mlops("retrain", "daily", "--json")
    assert (again.code, again.data["outcome"]) == (11, "not needed")
    (folder / "data.txt").write_text("worse")
    assert mlops("retrain", "daily").code == 10
    (folder / "data.txt").write_text("broken")
    assert mlops("retrain", "daily", *files).code == 1
    assert 'failures="1"' in (folder / "j.xml").read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["dayly"], "did you mean 'daily'"),
        (["daily", "--policies", "none.toml"], "none.toml"),
        (["daily", "--junit", "no/j.xml"], "does not exist"),
    ],
)
def test_mistakes_end_with_2(mlops: Mlops, folder: Path, words: list[str], told: str) -> None:
    done = mlops("retrain", *words)
    assert (done.code, told in done.err) == (2, True), done.err
