"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_project import PIPELINE, Mlops, decisions


def test_a_run_ends_with_its_nodes_and_three_commands_that_lead_on(mlops: Mlops) -> None:
    result = mlops("run", ".", "--run-id", "r1")
    assert result.code == 0
    assert "run r1 of small: complete" in result.out
    assert "Train" in result.out
    assert [line.split()[:2] for line in result.out.split("next:")[1].strip().splitlines()] == [
        ["mlops", "show"],
        ["mlops", "why"],
        ["mlops", "lineage"],
    ]


def test_a_second_run_is_cached(mlops: Mlops) -> None:
    mlops("run", ".")
    result = mlops("run", ".", "--json")
    assert set(decisions(result).values()) == {"cached"}


def test_force_runs_what_could_be_cached(mlops: Mlops) -> None:
    mlops("run", ".")
    assert set(decisions(mlops("run", ".", "--force", "--json")).values()) == {"run"}


def test_parameters_are_typed_by_their_schema(mlops: Mlops) -> None:
    result = mlops("run", ".", "-p", "steps=7", "-p", "numbers=[3, 4, 5]", "--json")
    assert result.data["parameters"] == {"steps": 7, "least": 3, "numbers": [3, 4, 5]}
    assert "Square[2]" in decisions(result)


@pytest.mark.parametrize(
    ("parameter", "error", "hint"),
    [
        ("step=7", "has no parameter 'step'", "did you mean 'steps'?"),
        ("steps=many", "'many' is not an integer", "give an integer"),
        ("numbers=[1", "'[1' is not a list", ""),
        ("steps", "-p steps has no value", "write -p steps=VALUE"),
    ],
)
def test_a_wrong_parameter_is_the_users_mistake(
    mlops: Mlops, parameter: str, error: str, hint: str
) -> None:
    result = mlops("run", ".", "-p", parameter)
    assert result.code == 2
    assert error in result.err
    assert hint in result.err
    assert result.out == ""


def test_a_failed_run_prints_the_command_that_goes_on(mlops: Mlops) -> None:
    result = mlops("run", ".", "-p", "steps=13", "--run-id", "r1")
    assert result.code == 1
    assert "error: run r1 failed: Check: ValueError: unlucky" in result.err
    assert "mlops resume r1" in result.err
    assert "mlops replay r1 Check --pdb" in result.err
    assert 'raise ValueError("unlucky")' in result.out


def test_a_failed_iteration_is_named_so_that_a_shell_takes_it(mlops: Mlops, tmp_path: Path) -> None:
    text = PIPELINE.replace("return number * number", "return 1 // (number - 2)")
    (tmp_path / "pipeline.py").write_text(text)
    result = mlops("run", ".", "--run-id", "r1")
    assert "mlops show r1 'Square[1]'" in result.err
    assert mlops("show", "r1", "Square[1]").code == 0


def test_a_condition_that_is_false_is_shown_with_its_reason(mlops: Mlops) -> None:
    result = mlops("run", ".", "-p", "least=9")
    assert result.code == 0
    assert "condition is false" in result.out


def test_an_unknown_node_gives_the_near_miss(mlops: Mlops) -> None:
    result = mlops("run", ".", "--from", "Trian")
    assert result.code == 2
    assert "hint:  did you mean 'Train'?" in result.err


def test_what_users_print_stays_out_of_the_json(mlops: Mlops, tmp_path: Path) -> None:
    text = PIPELINE.replace("    return steps", "    print('in a component')\n    return steps")
    (tmp_path / "pipeline.py").write_text(text + "\nprint('while loading')\n")
    result = mlops("run", ".", "--json")
    assert result.data["state"] == "COMPLETE"
    assert "while loading" in result.err


def test_a_run_id_that_is_taken_is_refused(mlops: Mlops) -> None:
    mlops("run", ".", "--run-id", "r1")
    result = mlops("run", ".", "--run-id", "r1", "-p", "steps=4")
    assert result.code == 2
    assert "run id 'r1' is taken: it is a run of small, complete" in result.err
    assert len(mlops("runs", "--json").data) == 1


@pytest.mark.parametrize("command", ["run", "plan", "compile"])
def test_what_is_probably_not_meant_is_warned_of(
    mlops: Mlops, tmp_path: Path, command: str
) -> None:
    text = PIPELINE.replace("(steps: int = 5", "(spare: int = 1, steps: int = 5")
    (tmp_path / "pipeline.py").write_text(text)
    result = mlops(command, ".")
    assert result.code == 0
    assert "warning: run parameter 'spare' of pipeline small is not used" in result.err
    assert "pipeline.py:" in result.err
    assert "warning" not in result.out


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (["numbers=1,2"], "write it as JSON: '[\"a\", \"b\"]' or '[1, 2]'"),
        (["steps=1", "steps=2"], "give one -p steps="),
    ],
)
def test_a_parameter_is_shown_how_to_be_written(mlops: Mlops, given: list[str], hint: str) -> None:
    result = mlops("run", ".", *(word for text in given for word in ("-p", text)))
    assert result.code == 2
    assert hint in result.err


@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_root_that_cannot_be_written_is_refused_before_anything_runs(
    mlops: Mlops, tmp_path: Path, command: str
) -> None:
    (tmp_path / "taken").write_text("a file")
    result = mlops(command, ".", "--root", "taken/below")
    assert result.code == 2
    assert f"artifacts cannot be kept in {tmp_path}/taken/below" in result.err
    assert "--root" in result.err
    assert "Traceback" not in result.err


def test_the_users_mistake_in_a_node_shows_no_frames_of_the_framework(
    mlops: Mlops, tmp_path: Path
) -> None:
    text = PIPELINE.replace("return number * number", "return 'many'")
    (tmp_path / "pipeline.py").write_text(text)
    result = mlops("run", ".", "-p", "numbers=[1]")
    assert result.code == 1
    assert "error: run" in result.err
    assert "the value of output 'output' must be int, but the executor returned str 'many'\n" in (
        result.err
    )
    assert "hint:  return int, or change the annotation of the return value" in result.err
    assert "binding.py" not in result.out + result.err
