"""Evidence from the request log: arms, keys, failures, slices, shadows."""

from __future__ import annotations

from pathlib import Path

import pytest
from rollouts import MODEL, log_requests, plan_of

from mlops_pipeline.deployment import Arm, arm_of
from mlops_pipeline.deployment.evidence import read_evidence
from mlops_pipeline.request_log import LogOptions, RequestLog, RequestRecord

pytestmark = pytest.mark.ml  # Parquet.

AT = 1_780_000_000.0


def test_arms_are_counted_by_key_and_failures_by_arm(tmp_path: Path) -> None:
    for _ in range(2):
        log_requests(tmp_path, "fraud-1", 0.3, AT, errors=0.2)
    found = read_evidence(tmp_path, plan_of(), "fraud-1", AT - 1, AT + 1)
    keys = [f"user-{number}" for number in range(1000)]
    candidates = [key for key in keys if arm_of(key, 0.3, "fraud-1") == Arm.CANDIDATE]
    failed = [key for key in candidates if int(key.partition("-")[2]) % 100 < 20]
    sums = found.candidate.errors
    assert (sums.keys, sums.requests, sums.errors) == (
        len(candidates),
        2 * len(candidates),
        2 * len(failed),
    )
    assert (sums.requests_squares, sums.products) == (4 * len(candidates), 4 * len(failed))
    assert found.baseline.errors.errors == 0
    assert found.baseline.errors.keys == sum(
        arm_of(key, 0.3, "fraud-1") == Arm.BASELINE for key in keys
    )
    assert found.first == AT


def test_others_and_mistakes_of_clients_do_not_count(tmp_path: Path) -> None:
    log_requests(tmp_path, "fraud-2", 0.3, AT)
    log = RequestLog(tmp_path, None, LogOptions(seconds=3600))
    for more in ({"status": "input"}, {"status": "overload"}, {"key": ""}, {"shadow": True}):
        told = {"key": "ann", "rollout": "fraud-1", "arm": "candidate", "at": AT, **more}
        log.note(RequestRecord(MODEL, "r", **told))  # type: ignore[arg-type]
    log.close()
    found = read_evidence(tmp_path, plan_of(), "fraud-1", AT - 1, AT + 1)
    assert (found.candidate.errors.keys, found.baseline.errors.keys, found.first) == (0, 0, 0)
    assert read_evidence(tmp_path / "none", plan_of(), "fraud-1", AT - 1, AT + 1).first == 0


def test_failures_are_counted_by_slice(tmp_path: Path) -> None:
    log_requests(tmp_path, "fraud-1", 0.5, AT, errors=0.5, countries=("at", "de"))
    found = read_evidence(tmp_path, plan_of(slices=("country",)), "fraud-1", AT - 1, AT + 1)
    slices = found.candidate.slices
    assert slices.keys() == {"country=at", "country=de"}
    assert slices["country=at"].errors == 0
    assert slices["country=de"].errors == found.candidate.errors.errors > 100


def test_a_shadow_is_counted_apart(tmp_path: Path) -> None:
    log_requests(tmp_path, "fraud-1", 0.0, AT, errors=0.1, users=200, shadow=True)
    found = read_evidence(tmp_path, plan_of(), "fraud-1", AT - 1, AT + 1)
    assert (found.shadow_requests, found.shadow_errors) == (200, 20)
    assert found.candidate.errors.keys == 0


def test_nothing_counts_before_the_candidate_is_loaded(tmp_path: Path) -> None:
    log_requests(tmp_path, "fraud-1", 0.3, AT)
    log = RequestLog(tmp_path, None, LogOptions(seconds=3600))
    told = {"key": "ann", "rollout": "fraud-1", "arm": "candidate", "fallback": "not_loaded"}
    log.note(RequestRecord(MODEL, "r", at=AT + 1, **told))  # type: ignore[arg-type]
    log.close()
    found = read_evidence(tmp_path, plan_of(), "fraud-1", AT - 1, AT + 5)
    assert (found.absent, found.first, found.baseline.errors.keys) == (1, 0, 0)
    log_requests(tmp_path, "fraud-1", 0.3, AT + 2)
    found = read_evidence(tmp_path, plan_of(), "fraud-1", AT - 1, AT + 5)
    assert (found.absent, found.first) == (1, AT + 2)
    assert found.candidate.errors.errors == 0
    assert found.candidate.errors.keys > 200
