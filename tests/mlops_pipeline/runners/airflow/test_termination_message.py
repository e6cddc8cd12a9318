from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.runners.airflow.termination_message import (
    LONGEST,
    pack,
    unpack,
    write_message,
)


def result(count: int, reason: str = "") -> dict[str, Any]:
    """The result of a node with outputs whose names cannot be compressed."""
    uris = [f"s3://bucket/{secrets.token_hex(32)}" for _ in range(count)]
    return {
        "state": "FAILED",
        "execution_id": 7,
        "outputs": {"model": uris},
        "artifacts": {"model": [{"id": number} for number in range(count)]},
        "reason": reason,
        "retryable": True,
        "gate": None,
    }


def test_a_result_comes_back_as_it_was(tmp_path: Path) -> None:
    given = result(5, "a reason\nof two lines, ü")
    write_message(given, tmp_path / "message")
    message = (tmp_path / "message").read_text()
    assert len(message) <= LONGEST
    assert unpack(message) == given


def test_of_a_result_that_is_too_long_goes_what_people_read() -> None:
    message = pack(result(500, reason="failed"))
    assert len(message) <= LONGEST
    assert unpack(message) == {**result(0, "failed"), "outputs": {}, "artifacts": {}}


def test_a_long_reason_is_cut() -> None:
    message = pack(result(500, reason=secrets.token_hex(50_000)))
    assert len(message) <= LONGEST
    assert unpack(message)["execution_id"] == 7


def test_as_many_iterations_as_airflow_takes_fit() -> None:
    iterations = [f"{outer},{inner}" for outer in range(32) for inner in range(32)]
    assert unpack(pack(iterations)) == iterations


def test_too_many_iterations_are_refused() -> None:
    with pytest.raises(SettingsError, match="20,000 iterations are too many"):
        pack([secrets.token_hex(4) for _ in range(20_000)])


@pytest.mark.parametrize("message", [None, "", "Killed", "e30=", "\N{SNOWMAN}", "AAAA"])
def test_what_is_no_result_is_none(message: str | None) -> None:
    assert unpack(message) is None
