"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

from cli_project import Mlops


def test_show_takes_the_beginning_of_an_id(mlops: Mlops) -> None:
    mlops("run", ".", "--run-id", "abc")
    mlops("run", ".", "--run-id", "abd")
    assert "run abc of small" in mlops("show", "abc").out
    assert "is the beginning of 2 runs" in mlops("show", "ab").err
    assert "did you mean 'abc'?" in mlops("show", "xabc").err


def test_show_of_a_node_has_its_inputs_and_its_traceback(mlops: Mlops) -> None:
    mlops("run", ".", "-p", "steps=13")
    result = mlops("show", "last", "Check")
    assert "least  3" in result.out
    assert "Model" in result.out
    assert "ValueError: unlucky" in result.out


def test_show_of_a_failed_run_says_how_to_go_on(mlops: Mlops) -> None:
    mlops("run", ".", "-p", "steps=13", "--run-id", "r1")
    assert "mlops resume r1" in mlops("show").out
