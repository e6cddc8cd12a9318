"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_project import PIPELINE, Mlops

from mlops_pipeline.cli.app import COMMANDS


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


def test_an_unknown_command_gives_the_near_miss(mlops: Mlops) -> None:
    result = mlops("shwo")
    assert result.code == 2
    assert result.err == "error: there is no command 'shwo'\nhint:  did you mean 'show'?\n"


GROUPS = ("business", "data", "airflow", "kubeflow", "metadata", "models", "openlineage", "rollout")


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


def shell(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    mlops = f"'{sys.executable}' -m mlops_pipeline.cli"
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command.replace('mlops', mlops)}"],
        cwd=folder,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("command", ["mlops config | true", "mlops config 2>&1 | head -n 1"])
def test_a_reader_that_has_gone_is_no_failure(tmp_path: Path, command: str) -> None:
    (tmp_path / "mlops.toml").touch()
    done = shell(tmp_path, command)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_output_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "mlops.toml").touch()
    done = shell(tmp_path, "mlops config > /dev/full")
    assert done.returncode == 2
    assert done.stderr == "error: cannot write standard output: No space left on device\n"


@pytest.mark.slow
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams_do_no_harm(tmp_path: Path, closed: str) -> None:
    (tmp_path / "mlops.toml").touch()
    done = shell(tmp_path, f"mlops config {closed}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["show", "\udcff"], "no UTF-8"),
        (["run", ".", "-p", "steps=\udcff"], "no UTF-8"),
        (["run", "a" * 5000 + ".py"], "too long"),
        (["run", ".", "--root", "a" * 5000], "too long"),
        (["runs", "--project", "a" * 5000], "too long"),
    ],
)
def test_names_that_no_system_takes_are_the_users_mistake(
    mlops: Mlops, arguments: list[str], named: str
) -> None:
    found = mlops(*arguments)
    assert found.code == 2
    assert named in found.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", ".", "-p", "steps=" + "[" * 100_000],
        ["plan", ".", "-p", "steps=" + '{"a":' * 5000 + "1" + "}" * 5000],
        ["lineage", "9" * 5000],
        ["lineage", "\u00b2"],
        ["why", "last", "Train[" + "9" * 5000 + "]"],
        ["runs", "-n", "0"],
        ["artifacts", "-n", "-3"],
        ["data", "list", "-n", "0"],
        ["airflow", "trigger", "x", "--timeout", "nan"],
        ["airflow", "trigger", "x", "--wait", "--timeout", "-1"],
        ["kubeflow", "submit", ".", "--timeout", "inf"],
    ],
    ids=lambda arguments: " ".join(arguments)[:30],
)
def test_numbers_out_of_range_and_deep_values_are_the_users_mistake(
    mlops: Mlops, arguments: list[str]
) -> None:
    assert mlops("run", ".").code == 0
    found = mlops(*arguments)
    assert found.code == 2
    assert "error:" in found.err
    assert "cannot reach" not in found.err


@pytest.mark.parametrize("name", ["STORE", "WORKERS", "LOCK", "IMPORT_PATHS"])
def test_a_variable_that_is_no_utf_8_is_named(
    mlops: Mlops, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"MLOPS_{name}", "\udcff")
    found = mlops("runs")
    assert found.code == 2
    assert f"MLOPS_{name}" in found.err
