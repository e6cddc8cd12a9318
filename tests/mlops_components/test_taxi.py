"""The taxi pipeline on made-up trips: two spans in succession, and once more."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mlops_pipeline import api
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.store import MemoryStore

TAXI = Path(__file__).resolve().parents[2] / "pipelines" / "taxi"

# pytest -m ml: two small trainings, some 20 s each, for all tests of this file.
pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


class Runs(NamedTuple):
    first: PipelineRun
    second: PipelineRun
    again: PipelineRun
    serving: Path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("taxi")
    where = api.Where(MemoryStore(), folder / "artifacts")
    parameters = {
        "data": str(folder / "data"),
        "serving_dir": str(folder / "serving"),
        "train_steps": 100,
    }

    def run() -> PipelineRun:
        return api.run(TAXI, parameters, where=where, in_process=True).check()

    shutil.copytree(TAXI / "data" / "span-01", folder / "data" / "span-01")
    first = run()
    shutil.copytree(TAXI / "data" / "span-02", folder / "data" / "span-02")
    return Runs(first, run(), run(), folder / "serving")


def blessing(run: PipelineRun) -> dict[str, Any]:
    return dict(run["Evaluator"].artifact("blessing").properties)


def test_the_newest_span_is_read_and_the_last_two_are_trained_on(runs: Runs) -> None:
    assert [r["CsvExampleGen"].artifact("examples").properties["span"] for r in runs[:3]] == [
        1,
        2,
        2,
    ]
    read = [[a.properties["span"] for a in r["Transform"].inputs["examples"]] for r in runs[:2]]
    assert read == [[1], [1, 2]]


def test_a_model_is_compared_with_the_one_of_the_span_before(runs: Runs) -> None:
    assert [blessing(run)["blessed"] for run in runs[:2]] == [1, 1]
    assert "baseline_model_id" not in blessing(runs.first)
    assert blessing(runs.second)["baseline_model_id"] == blessing(runs.first)["current_model_id"]
    assert len(list(runs.serving.glob("*/saved_model.pb"))) == 2


def test_metrics_are_told_by_payment_and_by_hour(runs: Runs) -> None:
    import json

    folder = runs.second["Evaluator"].artifact("evaluation").path
    found = json.loads((folder / "metrics.json").read_text())
    keys = {key for each in found["slices"] for key in each["slice"]}
    assert keys == {"payment_type", "trip_start_hour"}
    assert found["overall"]["auc"] > 0.8
    assert 0.5 < found["overall"]["calibration"] < 2


def test_drift_from_the_span_before_is_looked_for(runs: Runs) -> None:
    assert "previous_statistics" not in runs.first["ExampleValidator"].inputs
    (before,) = runs.second["ExampleValidator"].inputs["previous_statistics"]
    assert before.id == runs.first["StatisticsGen"].artifact("statistics").id


def test_nothing_runs_when_nothing_has_changed(runs: Runs) -> None:
    assert set(runs.again.decisions.values()) == {"cached"}


def test_the_pushed_model_takes_raw_trips(runs: Runs) -> None:
    import tensorflow as tf

    files = [
        str(f) for f in runs.second["CsvExampleGen"].artifact("examples").split("eval").iterdir()
    ]
    raw = list(tf.data.TFRecordDataset(files, "GZIP").take(20).as_numpy_iterator())
    (place, *_) = sorted(runs.serving.iterdir(), reverse=True)
    serve = tf.saved_model.load(str(place)).signatures["serving_default"]
    told = serve(examples=tf.constant(raw))["probability"].numpy()
    assert told.shape == (20, 1)
    assert 0 <= told.min() < told.max() <= 1
