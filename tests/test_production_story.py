"""The story of `examples/production`: every part at once, with a server and users, on loopback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_pipeline.deployment import list_rollouts
from mlops_pipeline.models import open_model
from mlops_pipeline.store import open_store

ROOT = Path(__file__).resolve().parent.parent

pytestmark = [pytest.mark.ml, pytest.mark.slow]  # Parquet; a server, its models and users.


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of the story, and what it has printed."""
    folder = tmp_path_factory.mktemp("story")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "production" / "story.py"), str(folder)],
        capture_output=True,
        text=True,
        timeout=600,
        env=environment,
        cwd=folder,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def test_no_request_has_failed(told: tuple[Path, str]) -> None:
    (statuses,) = re.findall(r"answers by status: (.*)", told[1])
    assert re.fullmatch(r"\{200: \d{3,}\}", statuses)


def test_the_good_versions_answer_and_the_bad_one_never_again(told: tuple[Path, str]) -> None:
    store = open_store(f"sqlite:///{told[0] / '.mlops' / 'metadata.db'}")
    try:
        states = [str(each.state) for each in list_rollouts(store, "offers")]
        assert states == ["promoted", "promoted", "rolled_back", "promoted"]
        model = open_model(store, "offers")
        assert model.alias("champion") == 4
        assert [each.state for each in model.versions] == ["ready", "ready", "rolled back", "ready"]
        assert [each.run for each in model.versions] == [f"nightly-{n}" for n in range(1, 5)]
    finally:
        store.close()


def test_every_decision_follows_from_its_evidence(told: tuple[Path, str]) -> None:
    assert len(re.findall(r"\d decisions follow from their evidence", told[1])) == 4


def test_the_report_finds_the_lift_that_was_put_in(told: tuple[Path, str]) -> None:
    found = re.search(r"^v2 +bought \S+ % \((\S+) to (\S+)\) +v1 +experiment", told[1], re.M)
    assert found
    # With a good offer 30 of 100 buy, with another one 10.
    assert 0 < float(found[1]) <= 200 <= float(found[2])


def test_what_was_trained_on_nothing_new_was_not_trained(told: tuple[Path, str]) -> None:
    assert "not needed: data, code and parameters are as they were" in told[1]
