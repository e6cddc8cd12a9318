"""The command `mlops compare`, on real runs of a project."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cli_project import Mlops
from compared_runs import PROJECT, write_project


@pytest.fixture
def runs(mlops: Mlops, tmp_path: Path) -> list[str]:
    """Ids of two runs, between which the code of Train and a parameter of the run changed."""
    write_project(tmp_path)
    sys.modules.pop("pipeline", None)
    mlops("run", ".")
    write_project(tmp_path, PROJECT.replace("size * steps", "size * steps + 1"))
    sys.modules.pop("pipeline", None)
    mlops("run", ".", "-p", "steps=4")
    return [each["id"] for each in mlops("runs", "--json").data][::-1]


def test_two_runs_are_compared_down_to_the_changed_line(mlops: Mlops, runs: list[str]) -> None:
    result = mlops("compare", *runs)
    assert result.code == 0
    assert '+    (model.path / "weights").write_text(str(size * steps + 1))' in result.out
    assert "auc, country=DE" in result.out


def test_json_names_the_causes_in_order(mlops: Mlops, runs: list[str]) -> None:
    found = mlops("compare", *runs, "--json").data
    assert [cause["kind"] for cause in found["causes"]] == ["code", "parameter"]
    assert [run["id"] for run in found["runs"]] == runs
    (auc,) = [row for row in found["rows"] if row["name"] == "auc"]
    assert auc["changes"] == [0.0, pytest.approx(-0.07)]
    everything = mlops("compare", *runs, "--json", "--all").data
    assert len(everything["rows"]) > len(found["rows"])


def test_runs_that_are_not_there_are_a_mistake(mlops: Mlops, runs: list[str]) -> None:
    result = mlops("compare", runs[0], "nothing")
    assert (result.code, result.out) == (2, "")
    assert "there is no run 'nothing'" in result.err


def test_a_run_is_not_compared_with_itself(mlops: Mlops, runs: list[str]) -> None:
    result = mlops("compare", runs[1], "last")
    assert result.code == 2
    assert "are one run" in result.err


def test_a_failed_run_is_compared_as_far_as_it_came(
    mlops: Mlops, runs: list[str], tmp_path: Path
) -> None:
    write_project(tmp_path)
    sys.modules.pop("pipeline", None)
    mlops("run", ".", "-p", "rows=13", "-p", "steps=1")
    result = mlops("compare", runs[0], "last")
    assert result.code == 0
    assert "note: there are no metrics in " in result.out
    assert "failed" in result.out


def test_a_criterion_that_holds_ends_with_1_and_is_written_to_files(
    mlops: Mlops, runs: list[str], tmp_path: Path
) -> None:
    files = [part for kind in ("junit", "md", "html") for part in (f"--{kind}", f"x.{kind}")]
    result = mlops("compare", *runs, "--fail-on", "auc by country < -0.01", *files)
    assert result.code == 1
    assert "failed: fails if auc by country < -0.01, 1 checked" in result.out
    assert 'failures="1"' in (tmp_path / "x.junit").read_text()
    assert "the models differ" in (tmp_path / "x.md").read_text()
    assert "the models differ" in (tmp_path / "x.html").read_text()
    assert sorted(path.name for path in tmp_path.glob(".x*")) == []


def test_criteria_that_do_not_hold_end_with_0(mlops: Mlops, runs: list[str]) -> None:
    result = mlops("compare", *runs, "--fail-on", "auc < -0.5", "--fail-on", "value of auc > 1")
    assert result.code == 0
    found = mlops("compare", *runs, "--fail-on", "auc < -0.5", "--json").data
    assert [each["outcome"] for each in found["criteria"]] == ["passed"]


def test_a_criterion_over_nothing_ends_with_2_and_leaves_no_green_file(
    mlops: Mlops, runs: list[str], tmp_path: Path
) -> None:
    (tmp_path / "x.xml").write_text("<testsuites errors='0'/>")
    result = mlops("compare", *runs, "--fail-on", "acu < 0", "--junit", "x.xml")
    assert result.code == 2
    assert "there is no metric 'acu' in these runs" in result.err
    assert "did you mean 'auc'?" in result.err
    assert 'errors="1"' in (tmp_path / "x.xml").read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--fail-on", "auc"], "'auc' is no criterion"),
        (["--junit", "x.xml"], "--junit has no criterion to write about"),
        (["--md", "nowhere/x.md"], "nowhere/x.md is in a folder that does not exist"),
        (["--html", "."], ". is a folder"),
    ],
)
def test_options_that_cannot_work_are_refused_before_the_work(
    mlops: Mlops, runs: list[str], options: list[str], said: str
) -> None:
    result = mlops("compare", *runs, *options)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
