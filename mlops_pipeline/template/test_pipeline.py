"""Tests of the components and of the pipeline: in memory, in this process, in a moment."""

import json

from pipeline import my_project
from steps import Evaluate, Train

from mlops_pipeline.artifacts import Examples, Model
from mlops_pipeline.testing import artifact, run_component, run_pipeline

TALL = {"leaf_length": "5", "leaf_width": "2", "height": "40", "site": "hill", "species": "tall"}
LOW = {"leaf_length": "2", "leaf_width": "1", "height": "10", "site": "hill", "species": "low"}


def examples(**rows: list[dict[str, str]]) -> Examples:
    files = {f"Split-{name}/rows.json": json.dumps(each) for name, each in rows.items()}
    return artifact(Examples, files, split_names=json.dumps(list(rows)))


def test_training_finds_the_centre_of_each_species() -> None:
    result = run_component(Train, examples=examples(train=[TALL, LOW]))
    centres = json.loads((result.outputs["model"].path / "centres.json").read_text())
    assert centres == {"tall": [5, 2, 40], "low": [2, 1, 10]}


def test_a_model_that_is_mostly_wrong_is_not_blessed() -> None:
    model = artifact(Model, {"centres.json": json.dumps({"tall": [2, 1, 10], "low": [5, 2, 40]})})
    result = run_component(Evaluate, examples=examples(eval=[TALL, LOW]), model=model)
    assert result.outputs["blessing"].properties["blessed"] == 0


def test_the_pipeline_pushes_a_good_model() -> None:
    run = run_pipeline(my_project)
    assert run["Push"].decision == "run"


def test_the_pipeline_keeps_a_model_back_that_is_not_good_enough() -> None:
    run = run_pipeline(my_project, least_accuracy=1.0)
    assert run["Push"].decision == "skipped"
