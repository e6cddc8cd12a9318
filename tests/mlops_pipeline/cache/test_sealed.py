from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.cache import SEAL
from mlops_pipeline.errors import ResolutionError, StoreError
from mlops_pipeline.roots import seal, seals
from mlops_pipeline.run_state import ORIGIN
from mlops_pipeline.store import ArtifactRecord

PIPELINE = """
from mlops_pipeline import Input, Output, component, pipeline
from mlops_pipeline.artifacts import Examples, Model

@component
def Make(examples: Output[Examples]) -> None:
    examples.path.joinpath("f").write_text("data")
    examples.properties["span"] = 3

@component
def Train(examples: Input[Examples], model: Output[Model]) -> None:
    model.path.joinpath("m").write_text("model")

@pipeline
def p() -> None:
    Train(examples=Make().outputs["examples"])
"""
EDITS: dict[str, dict[str, Any]] = {
    "a property": {"properties": {"span": 4}},
    "one more property": {"properties": {"span": 3, "blessed": 1}},
    "no property": {"properties": {}},
    "the type": {"type": "Model"},
    "the name": {"name": "other"},
}


@pytest.fixture
def made(project: Any) -> Any:
    project.write("pipeline.py", PIPELINE)
    assert set(project.states(in_process=True).values()) == {"COMPLETE"}
    assert set(project.states(in_process=True).values()) == {"CACHED"}
    return project


def edit_row(project: Any, **changes: Any) -> ArtifactRecord:
    artifacts = project.store._artifacts
    (number,) = (n for n, each in artifacts.items() if each.type == "Examples")
    artifacts[number] = replace(artifacts[number], **changes)
    return artifacts[number]


@pytest.mark.parametrize("change", EDITS.values(), ids=EDITS)
def test_a_result_whose_row_was_edited_is_made_again(made: Any, change: dict[str, Any]) -> None:
    edit_row(made, **change)
    assert made.states(in_process=True)["Make"] == "COMPLETE"
    assert made.states(in_process=True)["Make"] == "CACHED"


def test_a_row_that_was_edited_with_its_file_is_made_again(made: Any) -> None:
    row = edit_row(made)
    edited = made.folder / "edited"
    edited.mkdir()
    (edited / "f").write_text("other data")
    digest = made.workspace.digest(ArtifactRecord("Examples", str(edited)))
    edit_row(made, uri=str(edited), digest=digest)
    assert row.digest != digest
    assert made.states(in_process=True)["Make"] == "COMPLETE"


def test_a_seal_that_was_made_up_does_not_count(made: Any) -> None:
    for number, execution in made.store._executions.items():
        if SEAL in execution.properties:
            digest = execution.properties[SEAL].partition("/")[0]
            forged = f"{digest}/{seal(digest)[:-2]}zz"
            properties = {**execution.properties, SEAL: forged}
            made.store._executions[number] = replace(execution, properties=properties)
    assert set(made.states(in_process=True).values()) == {"COMPLETE"}


def strip_seals(project: Any) -> None:
    for number, execution in project.store._executions.items():
        properties = {k: v for k, v in execution.properties.items() if k != SEAL}
        project.store._executions[number] = replace(execution, properties=properties)


def test_a_result_that_has_lost_its_seal_is_made_again(made: Any) -> None:
    strip_seals(made)
    assert set(made.states(in_process=True).values()) == {"COMPLETE"}
    assert made.why("Make").execution.reason == "the seal of the earlier result is gone"
    assert set(made.states(in_process=True).values()) == {"CACHED"}


def test_a_seal_without_a_digest_is_none(made: Any) -> None:
    for number, execution in made.store._executions.items():
        properties = {**execution.properties, SEAL: "/"}
        made.store._executions[number] = replace(execution, properties=properties)
    assert set(made.states(in_process=True).values()) == {"COMPLETE"}


def test_a_result_from_before_there_were_seals_is_believed(made: Any) -> None:
    strip_seals(made)
    for number, run in made.store._runs.items():
        properties = {k: v for k, v in run.properties.items() if k != ORIGIN}
        made.store._runs[number] = replace(run, properties=properties)
    assert set(made.states(in_process=True).values()) == {"CACHED"}


@pytest.fixture
def other_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Become another user, once it is called."""

    def become() -> None:
        monkeypatch.setenv("MLOPS_KEY_FILE", str(tmp_path / "others" / "key"))
        seals._key.cache_clear()

    yield become
    seals._key.cache_clear()


def test_results_of_others_are_believed_unless_all_is_verified(
    made: Any, other_key: Callable[[], None]
) -> None:
    other_key()
    assert set(made.states(in_process=True).values()) == {"CACHED"}
    made.verify = "always"
    assert set(made.states(in_process=True).values()) == {"COMPLETE"}
    assert set(made.states(in_process=True).values()) == {"CACHED"}


def test_a_row_that_is_gone_is_named(made: Any) -> None:
    row = edit_row(made)
    del made.store._artifacts[row.id]
    with pytest.raises((StoreError, ResolutionError), match=f"lacks artifact {row.id}"):
        made.run("r1", in_process=True)
