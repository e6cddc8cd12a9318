"""What the Pusher pushes becomes a version, and what was rolled back is not pushed again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlops_components import Pusher
from mlops_pipeline import Input, MemoryStore, Output, champion, component, pipeline, run
from mlops_pipeline.api import Where
from mlops_pipeline.artifacts import Model, PushedModel
from mlops_pipeline.models import open_model, rollback, set_alias
from mlops_pipeline.store import State


@component
def Train(content: str, model: Output[Model]) -> None:
    folder = model.path / "Format-Serving"
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_text(content)


@component
def Measure(model: Input[PushedModel] | None = None) -> str:
    return "none" if model is None else (model.path / "saved_model.pb").read_text()


@pipeline
def pushing(content: str, folder: str) -> None:
    model = Train(content=content).outputs["model"]
    Pusher(model=model, push_destination=folder, model_name="fraud")


@pipeline
def measuring() -> None:
    Measure(model=champion("fraud"))


class Place:
    """A store and a folder, in which pipelines run."""

    def __init__(self, folder: Path) -> None:
        self.store = MemoryStore()
        self.where = Where(self.store, folder / "root")
        self.serving = folder / "serving"

    def push(self, content: str) -> Any:
        given = {"content": content, "folder": str(self.serving)}
        return run(pushing, given, where=self.where, in_process=True)

    def measure(self) -> Any:
        return run(measuring, where=self.where, in_process=True)["Measure"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_is_pushed_becomes_the_next_version(place: Place) -> None:
    first = place.push("one")
    place.push("two")
    versions = open_model(place.store, "fraud").versions
    assert [each.number for each in versions] == [1, 2]
    assert versions[0].run == first.id
    assert versions[0].artifact == first["Pusher"].artifact("pushed_model").id


def test_a_push_from_the_cache_is_the_same_version(place: Place) -> None:
    place.push("one")
    assert place.push("one")["Pusher"].state is State.CACHED
    assert len(open_model(place.store, "fraud").versions) == 1


def test_what_was_rolled_back_is_not_pushed_again(place: Place) -> None:
    place.push("one")
    place.push("two")
    set_alias(place.store, "fraud", 1)
    set_alias(place.store, "fraud", 2)
    rollback(place.store, "fraud", why="errors doubled")
    served = sorted(place.serving.iterdir())
    again = place.push("two")["Pusher"]
    assert again.state is State.SKIPPED
    assert "has the bytes of fraud v2, which was rolled back: errors doubled" in again.reason
    assert sorted(place.serving.iterdir()) == served
    assert place.push("three")["Pusher"].state is State.COMPLETE
    assert [each.number for each in open_model(place.store, "fraud").versions] == [1, 2, 3]


def test_the_champion_is_an_input_that_the_cache_sees_change(place: Place) -> None:
    assert place.measure().artifact("output").load() == "none"
    place.push("one")
    place.push("two")
    set_alias(place.store, "fraud", 1)
    first = place.measure()
    assert first.artifact("output").load() == "one"
    assert place.measure().state is State.CACHED
    set_alias(place.store, "fraud", 2)
    second = place.measure()
    assert second.state is State.COMPLETE
    assert second.artifact("output").load() == "two"
    read = place.store.events_by_execution([second.execution.id])
    assert open_model(place.store, "fraud").version(2).artifact in {e.artifact_id for e in read}


def test_a_name_that_is_none_fails_before_anything_is_pushed(tmp_path: Path) -> None:
    @pipeline
    def wrong() -> None:
        model = Train(content="x").outputs["model"]
        Pusher(model=model, push_destination=str(tmp_path / "serving"), model_name="a/b")

    done = run(wrong, where=Where(MemoryStore(), tmp_path / "root"), in_process=True, check=False)
    assert done["Pusher"].state is State.FAILED
    assert "is no name of a model" in done["Pusher"].execution.error
    assert not (tmp_path / "serving").exists()
