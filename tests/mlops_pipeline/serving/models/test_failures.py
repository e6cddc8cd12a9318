"""Failures: whose fault they are."""

from mlops_pipeline.serving.models import (
    BadInputFailure,
    LateFailure,
    ModelFailure,
    OverloadFailure,
    UnavailableFailure,
    UnknownModelFailure,
)


def test_each_failure_has_the_status_of_whose_fault_it_is() -> None:
    found = [
        BadInputFailure("a"),
        UnknownModelFailure("a"),
        OverloadFailure("a"),
        ModelFailure("a", "died"),
        UnavailableFailure("a"),
        LateFailure("a"),
    ]
    assert [each.status for each in found] == [400, 404, 429, 500, 503, 504]
