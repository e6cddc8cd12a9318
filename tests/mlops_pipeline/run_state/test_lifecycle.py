"""Runs on this machine: order, conditions, loops, failures, retries, partial runs, records."""

from __future__ import annotations

from typing import Any

import pytest
from local_runs import states, write

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.store import State


def test_resume_executes_only_what_is_missing(project: Any) -> None:
    gate = project.folder / "gate"
    write(
        project,
        f"""
    @pipeline
    def p():
        make = Make()
        copy = Copy(examples=make.outputs["examples"])
        Gate(examples=copy.outputs["copy"], gate={str(gate)!r})
    """,
    )
    assert project.run("r").run.state is State.FAILED
    gate.touch()
    resumed = project.run("r")
    assert resumed.run.state is State.COMPLETE
    assert states(resumed) == {"Gate": "COMPLETE"}
    assert project.run("r").outcomes == ()


def test_a_run_parameter_of_the_wrong_type_is_refused_before_anything_runs(project: Any) -> None:
    write(project, "@pipeline\ndef p(steps: int = 1):\n    Make(text=f'{steps}')\n")
    with pytest.raises(ParameterError, match="'many' is not an integer"):
        project.run(parameters={"steps": "many"})
    with pytest.raises(ParameterError, match="did you mean 'steps'"):
        project.run(parameters={"step": 1})
    assert project.store.all_executions == []
