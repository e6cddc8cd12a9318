"""The jobs in `examples/ci`: parsed, and their commands are ours."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.cli.app import COMMANDS

CI = Path(__file__).resolve().parent.parent / "examples" / "ci"

pytestmark = pytest.mark.ml  # PyYAML, which comes with TensorFlow's libraries.


def parsed(name: str) -> Any:
    yaml = pytest.importorskip("yaml", reason="NOT RUN: PyYAML is not installed here")
    # GitHub's key `on` is a truth value for YAML 1.1.
    return yaml.safe_load((CI / name).read_text())


def commands(script: str) -> list[str]:
    return re.findall(r"\bmlops ([a-z-]+)", script)


def test_the_jobs_of_github_have_steps_that_run_our_commands() -> None:
    found = parsed("github.yml")
    assert set(found[True]) == {"schedule", "workflow_dispatch", "pull_request"}
    for job in found["jobs"].values():
        assert job["runs-on"]
        assert all(("uses" in step) != ("run" in step) for step in job["steps"])
    scripts = [s["run"] for job in found["jobs"].values() for s in job["steps"] if "run" in s]
    named = [name for script in scripts for name in commands(script)]
    assert set(named) == {"retrain", "deploy", "plan"} <= set(COMMANDS)
    (step,) = [s for s in found["jobs"]["retrain"]["steps"] if s.get("id") == "retrain"]
    for code in ("0)", "10)", "11)"):
        assert code in step["run"]


def test_the_jobs_of_gitlab_allow_the_codes_that_are_no_failure() -> None:
    found = parsed("gitlab.yml")
    assert found["retrain"]["allow_failure"] == {"exit_codes": [10, 11]}
    for job in (found["plan"], found["retrain"]):
        assert job["stage"] in found["stages"]
        assert set(commands("\n".join(job["script"]))) <= set(COMMANDS)
