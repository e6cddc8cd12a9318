from __future__ import annotations

from typing import Any

import pytest

from mlops_metadata.layout.damage import (
    as_text,
    columns,
    in_short,
    is_time,
    is_whole,
    is_wholes,
    sound,
)
from mlops_metadata.layout.records import PREFIX, read_artifact, read_execution, read_run
from mlops_metadata.layout.rows import ArtifactRow, ContextRow, ExecutionRow
from mlops_pipeline.store import ArtifactState, State


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), 1e30, "5", True, None, [5]])
def test_what_is_no_time_is_found(value: Any) -> None:
    assert not is_time(value)
    assert is_time(5)
    assert is_time(1.5)


def test_truth_values_are_no_numbers() -> None:
    assert not is_whole(True)
    assert not is_wholes([1, False])
    assert is_wholes((1, 2))


def test_values_that_do_not_fit_are_left_out_and_named() -> None:
    damage: list[str] = []
    checks = {"a": is_whole, "b": is_whole}
    assert sound({"a": 1, "b": "x", "c": object}, checks, damage) == {"a": 1, "c": object}
    assert damage == ["b is 'x'"]


def test_columns_get_the_types_that_they_have_to_have() -> None:
    damage: list[str] = []
    kinds = {"name": str, "state": int, "uri": str}
    assert columns((b"\xff", "x", None), kinds, damage) == ("\\xff", 0, "")
    assert damage == ["name is b'\\xff'", "state is 'x'"]


def test_damage_is_told_in_few_characters_without_controls() -> None:
    assert len(in_short("x" * 1000)) == 40
    assert in_short("a\0\udc80") == "'a\\x00\\udc80'"
    assert as_text(5) == "5"


def test_a_damaged_state_is_never_taken_for_success() -> None:
    row = ExecutionRow(1, "pets.Train", 5, state=99, custom={f"{PREFIX}node_id": "Train"})
    found = read_execution(row)
    assert found.state is State.FAILED
    assert found.damage == "its mlops.record is gone; last_known_state is 99"
    run = read_run(ContextRow(1, "pipeline_run", 5, "r", custom={f"{PREFIX}state": "odd"}))
    assert (run.state, run.damage) == (State.FAILED, "state is 'odd'")
    artifact = read_artifact(ArtifactRow(1, "Model", 5, "/m", state=99))
    assert (artifact.state, artifact.damage) == (ArtifactState.PENDING, "state is 99")
