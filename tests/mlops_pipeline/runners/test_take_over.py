"""Runs on this machine: order, conditions, loops, failures, retries, partial runs, records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from local_runs import states, write

from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.store import Direction, State, open_store


def test_a_partial_run_takes_over_the_rest_from_its_base_run(project: Any) -> None:
    write(
        project,
        """
    @pipeline
    def p(text: str = "a"):
        make = Make(text=text)
        copy = Copy(examples=make.outputs["examples"])
        Join(texts=[copy.outputs["copy"]])
    """,
    )
    project.run("base", in_process=True)
    part = project.run("part", in_process=True, from_nodes=("Join",), force=True)
    assert states(part) == {"Make": "CACHED", "Copy": "CACHED", "Join": "COMPLETE"}
    assert part.run.base_run == "base"
    taken = next(o for o in part.outcomes if o.node_id == "Copy")
    assert taken.execution.reason.startswith("taken over from run base")
    events = project.store.events_by_execution([part.outcomes[-1].execution.id])
    inputs = [e.artifact_id for e in events if e.direction is Direction.INPUT]
    assert inputs == [taken.outputs["copy"][0].id]
    only = project.run("only", in_process=True, to_nodes=("Make",))
    assert states(only) == {"Make": "CACHED"}


def test_a_partial_run_without_a_base_says_so(project: Any) -> None:
    write(
        project,
        """
    @pipeline
    def p():
        make = Make()
        Copy(examples=make.outputs["examples"])
    """,
    )
    with pytest.raises(NotFoundError, match="no run yet"):
        project.run(in_process=True, only=("Copy",))
    with pytest.raises(ParameterError, match="did you mean 'Copy'"):
        project.run(in_process=True, only=("Cpy",))


def test_a_partial_run_that_is_resumed_stays_partial(project: Any) -> None:
    gate = project.folder / "gate"
    write(
        project,
        f"""
    @pipeline
    def p():
        make = Make()
        gate = Gate(examples=make.outputs["examples"], gate={str(gate)!r})
        Make.options(id="After", after=[gate])(text="z")
    """,
    )
    project.run("base", in_process=True, to_nodes=("Make",))
    assert project.run("part", in_process=True, only=("Gate",)).run.state is State.FAILED
    gate.touch()
    resumed = project.run("part", in_process=True)
    assert states(resumed) == {"Gate": "COMPLETE"}


@pytest.fixture(params=["memory", pytest.param("sqlite", marks=pytest.mark.mlmd)])
def gated(request: pytest.FixtureRequest, project: Any) -> Iterator[Any]:
    """A project whose last node fails until there is a file `gate`."""
    if request.param == "sqlite":
        project.store = open_store(f"sqlite:///{project.folder}/metadata.db")
    yield write(
        project,
        f"""
    @pipeline
    def p():
        make = Make()
        Gate(examples=make.outputs["examples"], gate={str(project.folder / "gate")!r})
    """,
    )
    if request.param == "sqlite":
        project.store.close()


def test_a_partial_run_that_is_resumed_by_name_keeps_its_base(gated: Any) -> None:
    gated.run("base", in_process=True, to_nodes=("Make",))
    assert gated.run("part", in_process=True, only=("Gate",)).run.state is State.FAILED
    gated.folder.joinpath("gate").touch()
    resumed = gated.run("part", in_process=True, only=("Gate",))
    assert states(resumed) == {"Gate": "COMPLETE"}
    assert (resumed.run.state, resumed.run.base_run) == (State.COMPLETE, "base")


@pytest.mark.parametrize("only", [(), ("Gate",)])
def test_a_run_stored_as_its_own_base_gets_another(gated: Any, only: tuple[str, ...]) -> None:
    gated.run("base", in_process=True, to_nodes=("Make",))
    failed = gated.run("part", in_process=True, only=("Gate",)).run
    gated.store.put_run(replace(failed, base_run="part"))
    gated.folder.joinpath("gate").touch()
    resumed = gated.run("part", in_process=True, only=only)
    assert (resumed.run.state, resumed.run.base_run) == (State.COMPLETE, "base")


def test_a_run_cannot_go_on_from_itself(gated: Any) -> None:
    gated.run("part", in_process=True)
    with pytest.raises(ParameterError, match="run part cannot go on from itself"):
        gated.run("part", in_process=True, only=("Gate",), base_run="part")


def test_a_run_that_cannot_take_over_from_its_base_has_failed(project: Any) -> None:
    write(
        project,
        """
    @pipeline
    def p():
        make = Make()
        copy = Copy(examples=make.outputs["examples"])
        Join(texts=[copy.outputs["copy"]])
    """,
    )
    project.run("base", in_process=True, to_nodes=("Make",))
    with pytest.raises(NotFoundError, match="run base has no result of Copy"):
        project.run("part", in_process=True, only=("Join",))
    assert project.store.get_run("part").state is State.FAILED
