"""At the end of a pipeline, what was pushed begins to be rolled out: once, and never by a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlops_components import Deployer, Pusher
from mlops_pipeline import MemoryStore, Output, component, pipeline, plan, run
from mlops_pipeline.api import Where
from mlops_pipeline.artifacts import Model, ModelBlessing
from mlops_pipeline.deployment import RolloutState, act, list_rollouts
from mlops_pipeline.models import open_model, set_alias
from mlops_pipeline.store import State


@component
def Train(content: str, model: Output[Model]) -> None:
    folder = model.path / "Format-Serving"
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_text(content)


@component
def Bless(good: bool, blessing: Output[ModelBlessing]) -> None:
    blessing.path.mkdir(parents=True, exist_ok=True)
    blessing.properties["blessed"] = int(good)


@pipeline
def deploying(
    content: str,
    folder: str,
    good: bool = True,
    steps: list[float] | None = None,
    name: str = "fraud",
) -> None:
    pusher = Pusher(
        model=Train(content=content).outputs["model"],
        model_blessing=Bless(good=good).outputs["blessing"],
        push_destination=folder,
        model_name="fraud",
    )
    Deployer(pushed_model=pusher.outputs["pushed_model"], model_name=name, steps=steps)


class Place:
    """A store and a folder, in which pipelines run."""

    def __init__(self, folder: Path) -> None:
        self.store = MemoryStore()
        self.where = Where(self.store, folder / "root")
        self.serving = folder / "serving"

    def deploy(self, content: str, **given: Any) -> Any:
        given = {"content": content, "folder": str(self.serving), **given}
        return run(deploying, given, where=self.where, in_process=True, check=False)["Deployer"]

    def with_champion(self) -> None:
        self.deploy("one")
        set_alias(self.store, "fraud", 1)

    @property
    def rollouts(self) -> list[Any]:
        return list_rollouts(self.store, "fraud")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_first_version_answers_all_at_once(place: Place) -> None:
    assert place.deploy("one").state is State.COMPLETE
    (found,) = place.rollouts
    assert (found.plan.strategy, found.plan.champion, found.plan.steps) == ("all-at-once", 0, ())


def test_the_next_one_begins_beside_the_champion(place: Place) -> None:
    place.with_champion()
    assert place.deploy("two", steps=[0.1, 0.5]).state is State.COMPLETE
    found = place.rollouts[-1]
    assert (found.plan.candidate, found.plan.champion) == (2, 1)
    assert (found.plan.strategy, found.plan.steps) == ("canary", (0.1, 0.5))
    versions = open_model(place.store, "fraud").versions
    # What the server knows: the folders that Pusher made.
    folders = sorted(int(each.name) for each in place.serving.iterdir() if each.name.isdecimal())
    assert sorted(found.plan.serves) == folders
    assert len(versions) == 2


def test_a_pipeline_that_runs_again_begins_no_second_rollout(place: Place) -> None:
    place.with_champion()
    place.deploy("two")
    act(place.store, "fraud-2", RolloutState.ABORTED)
    assert place.deploy("two").state is State.CACHED
    # Another strategy is another execution, and the version has had its rollout.
    assert place.deploy("two", steps=[0.5]).state is State.COMPLETE
    assert [str(each.state) for each in place.rollouts] == ["superseded", "aborted"]


def test_what_is_not_blessed_is_not_rolled_out(place: Place) -> None:
    found = place.deploy("bad", good=False)
    assert found.state is State.SKIPPED
    assert "was not pushed" in found.reason
    assert place.rollouts == []


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"steps": [0.9]}, "the steps are"),
        ({"name": "scores"}, "scores"),
    ],
)
def test_a_rollout_that_cannot_begin_fails_the_node(
    place: Place, given: dict[str, Any], why: str
) -> None:
    place.with_champion()
    found = place.deploy("two", **given)
    assert found.state is State.FAILED
    assert why in found.execution.error
    assert len(place.rollouts) == 1


def test_a_plan_begins_nothing(place: Place) -> None:
    place.with_champion()
    # Pushed, and not rolled out: all that a plan needs to ask the driver.
    assert place.deploy("two", steps=[0.9]).state is State.FAILED
    given = {"content": "two", "folder": str(place.serving), "steps": [0.5]}
    (last,) = [n for n in plan(deploying, given, where=place.where) if n.node_id == "Deployer"]
    assert last.decision == "run"
    assert len(place.rollouts) == 1
    place.deploy("two", steps=[0.5])
    assert len(place.rollouts) == 2
