"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

from cli_project import Mlops


def test_runs_lists_the_newest_first(mlops: Mlops) -> None:
    for run_id in ("one", "two"):
        mlops("run", ".", "--run-id", run_id)
    lines = mlops("runs").out.splitlines()
    assert [line.split()[0] for line in lines] == ["run", "two", "one"]
    assert [run["id"] for run in mlops("runs", "-n", "1", "--json").data] == ["two"]


def test_runs_without_any_says_how_to_start(mlops: Mlops) -> None:
    result = mlops("runs")
    assert result.code == 0
    assert result.out == "no runs yet; start one with `mlops run PIPELINE`\n"


def test_without_any_run_each_command_says_how_to_start(mlops: Mlops) -> None:
    assert "start one with `mlops run PIPELINE`" in mlops("show").err


def test_no_run_is_named_as_the_newest_one_is(mlops: Mlops) -> None:
    result = mlops("run", ".", "--run-id", "last")
    assert (result.code, "means the newest run" in result.err) == (2, True)
