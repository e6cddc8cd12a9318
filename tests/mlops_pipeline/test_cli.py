"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.cli import call
from mlops_pipeline.cli.app import COMMANDS

PIPELINE = """
from pathlib import Path
from mlops_pipeline import ForEach, Input, Output, When, component, pipeline
from mlops_pipeline.artifacts import Model

@component
def Train(steps: int, model: Output[Model]) -> int:
    (model.path / "weights").write_text("w" * steps)
    return steps

@component
def Check(model: Input[Model], least: int) -> bool:
    size = (model.path / "weights").stat().st_size
    if size == 13:
        raise ValueError("unlucky")
    return size >= least

@component
def Square(number: int) -> int:
    return number * number

@pipeline
def small(steps: int = 5, least: int = 3, numbers: list[int] = [1, 2]) -> None:
    train = Train(steps=steps)
    check = Check(model=train.outputs["model"], least=least)
    with When(check.outputs["output"].value == True):
        with ForEach(numbers) as number:
            Square(number=number)
"""


class Result:
    """What a command said, and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def data(self) -> Any:
        return json.loads(self.out)


Mlops = Callable[..., Result]


@pytest.fixture
def mlops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Mlops:
    """Runs a command in a project with a pipeline; executors run in this process."""
    (tmp_path / "mlops.toml").write_text("")
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLOPS_STORE", f"memory://{tmp_path}")

    def run(*arguments: str) -> Result:
        capsys.readouterr()
        extra = ["--in-process"] if arguments[0] in ("run", "resume") else []
        code = call([*arguments, *extra])
        said = capsys.readouterr()
        return Result(code, said.out, said.err)

    return run


def decisions(result: Result) -> dict[str, str]:
    return {node["name"]: node["decision"] for node in result.data["nodes"]}


# run


def test_without_a_name_it_is_the_pipeline_of_the_project(
    mlops: Mlops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "notebooks"
    below.mkdir()
    monkeypatch.chdir(below)
    assert mlops("run", "--json").data["pipeline"] == "small"
    assert {node["decision"] for node in mlops("plan", "--json").data["nodes"]} == {"cached"}
    assert mlops("compile").data["name"] == "small"


@pytest.mark.parametrize("folder", ["", "pipelines"])
def test_a_pipeline_in_a_sub_folder_is_that_of_the_project(
    mlops: Mlops, tmp_path: Path, folder: str
) -> None:
    (tmp_path / folder / "small").mkdir(parents=True)
    (tmp_path / "pipeline.py").rename(tmp_path / folder / "small" / "pipeline.py")
    assert mlops("plan", "--json").data["pipeline"] == "small"


@pytest.mark.parametrize("command", ["run", "plan"])
def test_several_pipelines_need_a_name(mlops: Mlops, tmp_path: Path, command: str) -> None:
    (tmp_path / "pipeline.py").unlink()
    for name in ("pipelines/b", "pipelines/a", ".hidden"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "pipeline.py").write_text(PIPELINE)
    result = mlops(command)
    assert result.code == 2
    assert f"no pipeline is named, and the project {tmp_path} has 2" in result.err
    assert "hint:  name one: pipelines/a, pipelines/b\n" in result.err


@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_project_without_a_pipeline_says_how_to_start(
    mlops: Mlops, tmp_path: Path, command: str
) -> None:
    (tmp_path / "pipeline.py").unlink()
    result = mlops(command)
    assert result.code == 2
    assert f"the project {tmp_path} has no pipeline.py" in result.err
    assert "`mlops init`" in result.err


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


def test_progress_is_one_plain_line_a_node_where_there_is_no_terminal(mlops: Mlops) -> None:
    lines = mlops("run", ".").err.splitlines()
    assert [line.split()[:3] for line in lines[:2]] == [
        ["[1/3]", "Train", "run"],
        ["[2/3]", "Check", "run"],
    ]
    assert len(lines) == 4
    assert "\033" not in "".join(lines)


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


def test_resume_runs_only_what_is_left(mlops: Mlops, tmp_path: Path) -> None:
    mlops("run", ".", "-p", "steps=13", "--run-id", "r1")
    fixed = PIPELINE.replace("size == 13", "size == 99")
    (tmp_path / "pipeline.py").write_text(fixed)
    sys.modules.pop("pipeline")
    result = mlops("resume", "last")
    assert result.code == 0
    assert "Train" not in result.err
    assert "[1/3] Check" in result.err


def test_a_condition_that_is_false_is_shown_with_its_reason(mlops: Mlops) -> None:
    result = mlops("run", ".", "-p", "least=9")
    assert result.code == 0
    assert "condition is false" in result.out


def test_only_some_nodes_run_on_a_base_run(mlops: Mlops) -> None:
    mlops("run", ".", "--run-id", "base")
    result = mlops("run", ".", "--only", "Check", "--base-run", "base", "--force", "--json")
    assert result.data["base_run"] == "base"
    assert decisions(result)["Check"] == "run"
    assert decisions(result)["Train"] == "cached"


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


# plan, why, compile


def test_plan_says_what_would_run_without_making_a_store(mlops: Mlops, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/new/metadata.db"
    result = mlops("plan", ".", "--store", store)
    assert result.code == 0
    assert result.out.splitlines()[1].split()[:2] == ["Train", "run"]
    assert not (tmp_path / "new").exists()


def test_plan_after_a_run_names_what_changed(mlops: Mlops) -> None:
    mlops("run", ".")
    found = mlops("plan", ".", "-p", "least=4", "--json").data["nodes"]
    assert [(node["node_id"], node["decision"]) for node in found[:2]] == [
        ("Train", "cached"),
        ("Check", "run"),
    ]
    assert found[1]["changes"][0]["name"] == "least"


def test_why_shows_the_changed_lines(mlops: Mlops, tmp_path: Path) -> None:
    mlops("run", ".")
    (tmp_path / "pipeline.py").write_text(PIPELINE.replace("number * number", "number ** 2"))
    sys.modules.pop("pipeline")
    mlops("run", ".")
    result = mlops("why", "last", "Square[1]")
    assert "return number * number" in result.out
    assert "return number ** 2" in result.out
    assert mlops("why", "last", "Train").out.startswith("Train: cached")


def test_compile_writes_the_same_bytes_each_time(mlops: Mlops, tmp_path: Path) -> None:
    first = mlops("compile", ".").out
    assert mlops("compile", ".", "-o", "small.json").out == "small.json: small, 3 nodes\n"
    assert (tmp_path / "small.json").read_text() == first
    assert json.loads(first)["name"] == "small"


# runs, show, artifacts, lineage


def test_compile_elsewhere_says_where_paths_start(mlops: Mlops, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert str(tmp_path) not in mlops("compile", ".", "-o", "small.json").out
    told = mlops("compile", ".", "-o", "out/small.json").out
    assert f"to run its nodes elsewhere, add --base-dir {tmp_path}" in told
    flags = ("--run-id", "r1", "--base-dir", ".")
    assert mlops("run-node", "out/small.json", "Train", *flags).code == 0


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


def test_artifacts_of_a_run_and_of_a_type(mlops: Mlops) -> None:
    mlops("run", ".")
    assert "Train.model" in mlops("artifacts").out
    found = mlops("artifacts", "--type", "Model", "--json").data
    assert [record["type"] for record in found] == ["Model"]


@pytest.mark.parametrize("what", ["last/Check", "Model", "{id}", "{uri}", "last/Train/model", ""])
def test_lineage_takes_artifacts_by_any_name(mlops: Mlops, what: str) -> None:
    mlops("run", ".", "--run-id", "r1")
    (model,) = mlops("artifacts", "--type", "Model", "--json").data
    name = what.format(id=model["id"], uri=model["uri"])
    result = mlops("lineage", *([name] if name else []))
    assert result.code == 0
    assert "Train · run r1" in result.out


def test_lineage_down_shows_what_came_of_an_artifact(mlops: Mlops) -> None:
    mlops("run", ".", "--run-id", "r1")
    assert "Check · run r1" in mlops("lineage", "Model", "--down").out
    assert mlops("lineage", "Model", "--format", "dot").out.startswith("digraph")
    assert mlops("lineage", "Model", "--format", "mermaid").out.startswith("flowchart")


def test_lineage_of_nothing_known_says_so(mlops: Mlops) -> None:
    result = mlops("lineage", "Modle")
    assert result.code == 2
    assert "there is no artifact 'Modle'" in result.err


# replay, run-node


def test_replay_runs_a_node_again_and_records_nothing(mlops: Mlops, tmp_path: Path) -> None:
    mlops("run", ".", "--run-id", "r1")
    result = mlops("replay", "r1", "Train", "--keep", "kept")
    assert result.code == 0
    assert (tmp_path / "kept" / "model" / "weights").read_text() == "wwwww"
    assert len(mlops("runs", "--json").data) == 1


def test_replay_of_a_failing_node_fails(mlops: Mlops) -> None:
    mlops("run", ".", "-p", "steps=13", "--run-id", "r1")
    result = mlops("replay", "r1", "Check")
    assert result.code == 1
    assert "error: Check: ValueError: unlucky" in result.err


def test_run_node_writes_a_result_that_a_scheduler_reads(mlops: Mlops, tmp_path: Path) -> None:
    mlops("compile", ".", "-o", "small.json")
    flags = ("--run-id", "r1", "--result", "result.json")
    assert mlops("run-node", "small.json", "Train", *flags).code == 0
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["state"] == "COMPLETE"
    assert set(result["outputs"]) == {"model", "output"}
    assert mlops("run-node", "small.json", "Check", *flags).code == 0
    assert mlops("run-node", "small.json", "Square", "--iteration", "1", *flags).code == 0
    assert len(mlops("show", "r1", "--json").data["nodes"]) == 3


def test_run_node_of_a_partial_run_leaves_nodes_out(mlops: Mlops) -> None:
    mlops("run", ".", "--run-id", "r1")
    mlops("compile", ".", "-o", "small.json")
    flags = ("--run-id", "r2", "--only", "Check", "--base-run", "r1")
    assert mlops("run-node", "small.json", "Train", *flags).data["state"] == "CACHED"
    assert mlops("run-node", "small.json", "Check", *flags).code == 0
    left_out = mlops("run-node", "small.json", "Square", "--iteration", "0", *flags)
    assert left_out.code == 99
    assert left_out.data["reason"] == "this partial run leaves it out"
    assert mlops("end-run", "r2").data["state"] == "COMPLETE"


def test_run_node_takes_a_pipeline_from_a_variable(
    mlops: Mlops, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mlops("compile", ".", "-o", "small.json")
    flags = ("--run-id", "r1", "--base-dir", str(tmp_path))
    missing = mlops("run-node", "-", "Train", *flags)
    assert missing.code == 65
    assert "$MLOPS_IR holds no pipeline" in missing.err
    packed = zlib.compress((tmp_path / "small.json").read_bytes())
    monkeypatch.setenv("MLOPS_IR", base64.b64encode(packed).decode())
    assert mlops("run-node", "-", "Train", *flags).data["state"] == "COMPLETE"


@pytest.mark.parametrize(
    ("parameters", "node", "code"),
    [
        ({"steps": 13}, "Check", 75),
        ({"least": 9}, "Square", 99),
        ({"steps": "x"}, "Train", 65),
        ({}, "Trian", 65),
    ],
)
def test_run_node_tells_a_scheduler_what_to_do(
    mlops: Mlops,
    monkeypatch: pytest.MonkeyPatch,
    parameters: dict[str, object],
    node: str,
    code: int,
) -> None:
    monkeypatch.setenv("MLOPS_PARAMETERS", json.dumps(parameters))
    mlops("compile", ".", "-o", "small.json")
    before = {"Check": ["Train"], "Square": ["Train", "Check"]}.get(node, [])
    for each in before:
        assert mlops("run-node", "small.json", each, "--run-id", "r1").code == 0
    iteration = ("--iteration", "0") if node == "Square" else ()
    result = mlops("run-node", "small.json", node, "--run-id", "r1", *iteration)
    assert result.code == code
    assert result.data["retryable"] == (code == 75)


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("run", ".", "--project", "gone"), 2, "--project gone is not a folder"),
        (("replay", "r1", "Train", "--keep", "taken"), 2, "--keep taken cannot be made"),
        (
            ("run-node", "small.json", "Train", "--run-id", "r2", "--result", "gone/x.json"),
            65,
            "--result gone/x.json cannot be written",
        ),
    ],
)
def test_a_place_that_cannot_be_is_refused_before_anything_runs(
    mlops: Mlops, tmp_path: Path, arguments: tuple[str, ...], code: int, error: str
) -> None:
    mlops("run", ".", "--run-id", "r1")
    mlops("compile", ".", "-o", "small.json")
    (tmp_path / "taken").touch()
    result = mlops(*arguments)
    assert result.code == code
    assert f"error: {error}" in result.err
    assert len(mlops("runs", "--json").data) == 1


def test_run_node_of_a_loop_needs_its_place(mlops: Mlops) -> None:
    mlops("compile", ".", "-o", "small.json")
    result = mlops("run-node", "small.json", "Square", "--run-id", "r1")
    assert result.code == 65
    assert "Square is in 1 loops" in result.err
    assert mlops("runs", "--json").data == []


def test_deploying_to_airflow_says_what_was_done(mlops: Mlops, tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    assert mlops("airflow", "deploy", ".", "--dags", "dags").out.endswith("small.py: written\n")
    assert mlops("airflow", "deploy", ".", "--dags", "dags").out.endswith("small.py: unchanged\n")
    wrong = mlops("airflow", "deploy", ".", "--dags", "dags", "--span", "day")
    assert wrong.code == 2
    assert "has no parameter 'day'" in wrong.err


# config, doctor, completion, init


def test_config_shows_where_each_value_came_from(mlops: Mlops, tmp_path: Path) -> None:
    (tmp_path / "mlops.toml").write_text("workers = 3")
    found = mlops("config", "--json").data["settings"]
    assert found["workers"] == {"value": 3, "from": str(tmp_path / "mlops.toml")}
    assert found["store"]["from"] == "MLOPS_STORE"
    assert found["lease"]["from"] == "default"


def test_doctor_ends_with_1_if_the_store_cannot_be_opened(mlops: Mlops) -> None:
    assert mlops("doctor").code == 0
    result = mlops("doctor", "--store", "nosuch://x")
    assert result.code == 1
    assert "no store is registered for nosuch://" in result.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_call_mlops(mlops: Mlops, shell: str) -> None:
    assert "_MLOPS_COMPLETE" in mlops("completion", shell).out


def test_init_never_overwrites(mlops: Mlops, tmp_path: Path) -> None:
    result = mlops("init", ".")
    assert result.code == 2
    assert "already has a mlops.toml" in result.err
    assert (tmp_path / "pipeline.py").read_text() == PIPELINE


@pytest.mark.parametrize("name", ["class", "2024-x", "steps", "pipeline"])
def test_init_makes_a_name_that_python_takes(mlops: Mlops, name: str) -> None:
    assert mlops("init", name).code == 0
    assert mlops("plan", name).code == 0


def test_commands_that_lead_on_are_quoted_and_name_the_place(mlops: Mlops, tmp_path: Path) -> None:
    assert "  mlops run 'my flowers'  " in mlops("init", "my flowers").out
    failed = mlops(
        "run", ".", "-p", "steps=13", "--store", f"memory://{tmp_path}/a b", "--root", "r"
    )
    [resume] = [line for line in (failed.out + failed.err).splitlines() if "mlops resume" in line]
    assert f"--store 'memory://{tmp_path}/a b' --root r  " in resume


def test_init_in_place_of_a_file_is_refused(mlops: Mlops, tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    result = mlops("init", "taken")
    assert result.code == 2
    assert "error: cannot write to taken: file exists" in result.err


def test_init_makes_a_pipeline_that_runs(mlops: Mlops, tmp_path: Path) -> None:
    assert mlops("init", "wild-flowers").code == 0
    (tmp_path / "wild-flowers" / "mlops.toml").unlink()
    result = mlops("run", "wild-flowers")
    assert result.code == 0
    assert "of wild_flowers: complete" in result.out
    assert "site=meadow" in result.out
    assert "model pushed to" in result.out
    assert "model blessed" in result.out


@pytest.mark.slow
@pytest.mark.mlmd  # starts pytest once more: too long for the light suite
def test_the_template_passes_its_own_tests(mlops: Mlops, tmp_path: Path) -> None:
    mlops("init", "flowers")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path / "flowers",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout


# The command itself


def test_an_unknown_command_gives_the_near_miss(mlops: Mlops) -> None:
    result = mlops("shwo")
    assert result.code == 2
    assert result.err == "error: there is no command 'shwo'\nhint:  did you mean 'show'?\n"


GROUPS = ("data", "airflow", "kubeflow", "metadata")
NO_JSON = ("completion", *GROUPS)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help_and_json(mlops: Mlops, name: str) -> None:
    result = mlops(name, "--help")
    assert result.code == 0
    summary = COMMANDS[name][2]
    assert f"  {summary}\n" in result.out
    # A completion script is none; groups have commands of their own.
    assert ("--json" in result.out) == (name not in NO_JSON)


@pytest.mark.parametrize("group", [(), *((name,) for name in GROUPS)])
def test_no_summary_of_a_command_is_cut(mlops: Mlops, group: tuple[str, ...]) -> None:
    usage, _, rest = mlops(*group, "--help").out.partition("\n")
    assert usage.endswith("[ARGS]...")
    assert re.search("^  [a-z-]+ +[A-Z].*[.]$", rest, re.M)
    assert "..." not in rest
    assert max(map(len, rest.splitlines())) <= 80


def test_commands_for_schedulers_stand_apart(mlops: Mlops) -> None:
    last = mlops("--help").out.rpartition("Only for schedulers:")[2]
    names = [line.split()[0] for line in last.splitlines() if re.match("  [a-z]", line)]
    assert names[:3] == ["run-node", "loop-items", "end-run"]


@pytest.mark.parametrize(
    ("group", "name"),
    [
        *[("data", name) for name in ("list", "diff", "models")],
        *[("airflow", name) for name in ("deploy", "trigger")],
        *[("kubeflow", name) for name in ("submit", "schedule", "pause", "enable", "list")],
    ],
)
def test_every_command_of_a_group_has_help_and_json(mlops: Mlops, group: str, name: str) -> None:
    result = mlops(group, name, "--help")
    assert result.code == 0
    assert "--json" in result.out


def test_an_error_in_the_users_code_has_no_traceback(mlops: Mlops, tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text("x = 1\n1 / 0")
    result = mlops("run", ".")
    assert result.code == 2
    assert result.err.splitlines()[:2] == [
        "pipeline.py:2",
        "error: ZeroDivisionError: division by zero",
    ]
    assert "Traceback" not in result.err


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from mlops_pipeline.cli import call; call(['--help']); "
        "print([m for m in ('rich', 'fsspec', 'mlops_pipeline.ir', 'asyncio') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_reader_that_has_seen_enough_is_not_complained_of() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "mlops_pipeline.cli", "completion", "bash"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate()
    assert err == b""


# mistakes, and what is said of them


def test_a_run_id_that_is_taken_is_refused(mlops: Mlops) -> None:
    mlops("run", ".", "--run-id", "r1")
    result = mlops("run", ".", "--run-id", "r1", "-p", "steps=4")
    assert result.code == 2
    assert "run id 'r1' is taken: it is a run of small, complete" in result.err
    assert len(mlops("runs", "--json").data) == 1


def test_resuming_what_is_complete_changes_nothing(mlops: Mlops) -> None:
    mlops("run", ".", "--run-id", "r1")
    before = mlops("show", "r1", "--json").data
    result = mlops("resume", "r1")
    assert result.code == 0
    assert result.out == "run r1 is complete: nothing is left to do\n"
    assert mlops("resume", "r1", "--json").data == before


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


def test_paths_on_the_command_line_start_at_the_current_folder(
    mlops: Mlops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "from pathlib import Path\nfrom mlops_pipeline import component, pipeline\n\n"
    text += "@component\ndef Size(table: Path) -> int:\n    return len(table.read_text())\n\n"
    text += "@pipeline\ndef sizes(table: Path = Path('t.csv')) -> None:\n    Size(table=table)\n"
    (tmp_path / "pipeline.py").write_text(text)
    (tmp_path / "t.csv").write_text("abc")
    mlops("run", ".")
    elsewhere = tmp_path / "data"
    elsewhere.mkdir()
    (elsewhere / "t.csv").write_text("longer")
    monkeypatch.chdir(elsewhere)
    assert decisions(mlops("run", "..", "-p", "table=../t.csv", "--json")) == {"Size": "cached"}
    assert decisions(mlops("run", "..", "-p", "table=t.csv", "--json")) == {"Size": "run"}
    said = mlops("why", "last", "Size").out
    assert f"parameter table: {elsewhere}/t.csv has different content" in said
    assert mlops("compile", "..").out == mlops("compile", str(tmp_path)).out


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


def test_why_of_a_failed_node_begins_with_its_error(mlops: Mlops) -> None:
    mlops("run", ".", "-p", "steps=13")
    assert mlops("why", "last", "Check").out.startswith("Check: failed, ValueError: unlucky")


def test_why_names_the_lock_file_without_its_digest(mlops: Mlops, tmp_path: Path) -> None:
    for text in ("one==1\n", "one==2\n"):
        (tmp_path / "uv.lock").write_text(text)
        mlops("run", ".")
    assert "- the lock file changed\n" in mlops("why", "last", "Train").out


def test_show_of_a_failed_run_says_how_to_go_on(mlops: Mlops) -> None:
    mlops("run", ".", "-p", "steps=13", "--run-id", "r1")
    assert "mlops resume r1" in mlops("show").out


def test_why_of_a_second_attempt_tells_of_the_first(mlops: Mlops, tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text(PIPELINE.replace("size == 13", "not Path('go').exists()"))
    mlops("run", ".")
    (tmp_path / "go").touch()
    mlops("resume", "last")
    assert "nothing differs, but it had failed there: ValueError: unlucky" in (
        mlops("why", "last", "Check").out
    )
