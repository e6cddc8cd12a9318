"""Two real trainings compared: their evaluations by slice, and why the models differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_pipeline import api
from mlops_pipeline.inspection.comparison import judge, parse_criterion
from mlops_pipeline.store import MemoryStore

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = [pytest.mark.ml, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_fewer_steps_are_the_cause_and_the_slices_that_lose_fail(tmp_path: Path) -> None:
    where = api.Where(MemoryStore(), tmp_path / "artifacts")
    for run_id, steps in (("long", 120), ("short", 1)):
        values = {"serving_dir": str(tmp_path / "serving"), "train_steps": steps}
        penguin = ROOT / "pipelines" / "penguin"
        api.run(penguin, values, run_id=run_id, where=where, in_process=True, check=False)
    found = api.compare("long", "short", where=where)
    assert found.verdict == "the models differ"
    assert {(row.kind, row.name) for row in found.causes} == {
        ("parameter", "train_steps"),
        ("parameter", "Trainer.train_args"),
    }
    assert {tuple(row.where) for row in found.metrics} > {()}
    text = "sparse_categorical_accuracy by * < -0.05"
    (judged,) = judge(found, [parse_criterion(text)])
    assert judged.outcome == "failed"
    assert all(check.before is not None for check in judged.failed)
