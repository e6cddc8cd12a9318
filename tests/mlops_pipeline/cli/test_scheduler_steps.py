from pathlib import Path

from cli_project import Mlops


def test_the_iterations_of_a_loop_are_listed_as_run_node_takes_them(mlops: Mlops) -> None:
    mlops("compile", ".", "-o", "small.json")
    for node in ("Train", "Check"):
        assert mlops("run-node", "small.json", node, "--run-id", "r1").code == 0
    found = mlops("loop-items", "small.json", "loop-1", "--run-id", "r1")
    assert found.code == 0
    assert found.data == ["0", "1"]


def test_a_run_with_a_failed_node_ends_with_1_and_says_so(mlops: Mlops, tmp_path: Path) -> None:
    mlops("compile", ".", "-o", "small.json")
    flags = ("--run-id", "r1", "--parameters", '{"steps": 13}')
    assert mlops("run-node", "small.json", "Train", *flags).code == 0
    assert mlops("run-node", "small.json", "Check", *flags).code == 75
    ended = mlops("end-run", "r1")
    assert ended.code == 1
    assert ended.data == {"run_id": "r1", "state": "FAILED"}


def test_a_run_that_is_not_there_is_named(mlops: Mlops) -> None:
    mlops("run", ".", "--run-id", "r1")
    ended = mlops("end-run", "r2")
    assert ended.code == 2
    assert "run r2 has not begun" in ended.err
