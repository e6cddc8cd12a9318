import pytest

from mlops_pipeline.store import NOTHING, Execution, State


@pytest.mark.parametrize(
    ("state", "succeeded"),
    [
        (State.COMPLETE, True),
        (State.CACHED, True),
        (State.FAILED, False),
        (State.RUNNING, False),
        (State.SKIPPED, False),
        (State.CANCELED, False),
    ],
)
def test_what_is_complete_or_cached_has_succeeded(state: State, succeeded: bool) -> None:
    assert state.succeeded is succeeded


def test_records_are_frozen() -> None:
    names = {"component": "m.C", "pipeline": "p", "run_id": "r", "node_id": "n"}
    execution = Execution(**names, state=State.FAILED)
    with pytest.raises(AttributeError):
        execution.state = State.COMPLETE  # type: ignore[misc]


def test_nothing_is_an_empty_mapping_that_cannot_be_filled() -> None:
    assert dict(NOTHING) == {}
    assert len(NOTHING) == 0
    assert not hasattr(NOTHING, "__setitem__")
