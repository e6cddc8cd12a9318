"""A request as it goes into the log."""

from mlops_pipeline.request_log import OK, RequestRecord


def test_a_request_without_more_was_answered_and_has_no_values() -> None:
    record = RequestRecord("taxi", "r-1", 0.0)
    assert (record.status, record.rollout, record.probability) == (OK, "", 1.0)
    assert (record.inputs, record.outputs, record.size) == ({}, {}, 0)


def test_values_are_not_in_what_is_shown_of_it() -> None:
    record = RequestRecord("taxi", "r-1", 0.0, inputs={"name": lambda: ["ann"]})
    assert "ann" not in repr(record)
    assert "inputs" not in repr(record)
