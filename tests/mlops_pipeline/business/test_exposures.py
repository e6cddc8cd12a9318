"""Exposures: the first answer of each key."""

from __future__ import annotations

from pathlib import Path

import pytest
from rollouts import MODEL, log_requests

from mlops_pipeline.business import exposures_to

pytestmark = pytest.mark.ml  # Parquet.

AT = 1_780_000_000.0


def test_each_key_counts_once_with_its_first_answer(tmp_path: Path) -> None:
    for at in (AT + 5, AT):
        log_requests(tmp_path, "fraud-1", 0.3, at, users=300, shadow=True)
    found = exposures_to(tmp_path, MODEL, (AT - 1, AT + 9), rollout="fraud-1")
    assert len({each.key for each in found}) == len(found) == 300
    assert {each.at for each in found} == {AT}
    assert {each.arm for each in found} == {"candidate", "baseline", "champion"}
    by_version = [exposures_to(tmp_path, MODEL, (AT, AT + 9), version=n) for n in (101, 102, 103)]
    assert [len(each) for each in by_version][2] == 0
    assert sum(map(len, by_version)) == 300


def test_nobody_was_answered_where_there_is_no_log(tmp_path: Path) -> None:
    assert exposures_to(tmp_path, MODEL, (AT, AT + 1), version=101) == []
    assert exposures_to(tmp_path, MODEL, (AT, AT), version=101) == []
