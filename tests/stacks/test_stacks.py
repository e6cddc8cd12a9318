"""What one stack of libraries writes is read by another, and equal to what the other writes.

Needs the results of another stack, made there by `tests/stacks/results.py`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import statistics_parity

from mlops_components import Evaluator
from mlops_components.loaders import (
    load_anomalies,
    load_evaluation,
    load_examples,
    load_model,
    load_schema,
    load_statistics,
    load_transform_graph,
)
from mlops_components.records.tfrecords import read_records
from mlops_pipeline import api
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.store import State
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

OTHER, OWN = "MLOPS_TEST_OTHER_STACK_RESULTS", "MLOPS_TEST_STACK_RESULTS"
PIPELINES = ("penguin", "taxi")
SAME_MODEL = 1e-6
"""How far metrics of one model may be apart, absolutely: float32, summed in another order."""
EQUAL_MODELS = 1e-4
"""How far metrics of models of equal code and data may be apart, relatively: kernels differ."""
TRANSFORMED = 1e-6
"""How far transformed numbers may be apart, relatively: float32."""


@dataclass(frozen=True)
class Pair:
    """The runs of one pipeline on two stacks."""

    name: str
    own: PipelineRun
    other: PipelineRun

    def both(self, node: str, output: str = "") -> tuple[Any, Any]:
        """An artifact of this stack and the same one of the other."""
        return self.own[node].artifact(output), self.other[node].artifact(output)


def _run(folder: Path, name: str) -> PipelineRun:
    place = folder / name
    where = api.Where(f"sqlite:///{place / 'metadata.db'}", place / "root")
    return api.open_run(f"{name}-1", where=where)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The results of this stack and of the other."""
    if OTHER not in os.environ:
        pytest.skip(
            f"THE STACKS WERE NOT COMPARED: {OTHER} names no folder, made on another stack by "
            "tests/stacks/results.py"
        )
    other = Path(os.environ[OTHER])
    stack = json.loads((other / "stack.json").read_text())
    assert stack["folder"] == str(other), "the results must have the path that they were made at"
    own = Path(os.environ.get(OWN) or tmp_path_factory.mktemp("stacks") / "own")
    if OWN not in os.environ:
        script = Path(__file__).with_name("results.py")
        subprocess.run([sys.executable, str(script), str(own)], check=True)
    here = json.loads((own / "stack.json").read_text())
    assert here["libraries"] != stack["libraries"], "both results are of the same stack"
    sys.stdout.write(f"\nthis stack: {here}\nother stack: {stack}\n")
    return own, other


@pytest.fixture(scope="module", params=PIPELINES)
def pair(request: pytest.FixtureRequest, folders: tuple[Path, Path]) -> Pair:
    own, other = folders
    return Pair(request.param, _run(own, request.param), _run(other, request.param))


def records(artifact: Any) -> dict[str, list[bytes]]:
    return {
        split: [record for file in sorted(artifact.split(split).iterdir()) for record in
                read_records(file)]
        for split in artifact.splits
    }  # fmt: skip


def frames_differ(one: Any, other: Any) -> Iterator[str]:
    """The columns that are not equal, numbers within `TRANSFORMED`."""
    import numpy as np

    assert list(one.columns) == list(other.columns)
    assert list(one.index) == list(other.index)
    for name in one.columns:
        left, right = one[name], other[name]
        if left.dtype.kind == "f":
            if not np.allclose(left, right, rtol=TRANSFORMED, atol=1e-6, equal_nan=True):
                yield f"{name}: {abs(left - right).max()} apart"
        elif not left.equals(right):
            yield f"{name}: {(left != right).sum()} values differ"


def metrics_differ(one: Any, other: Any, most: float) -> list[str]:
    """Metrics that are further apart than `most`; slices and values that one lacks."""
    left = {"": one.overall, **{str(key): values for key, values in one.slices}}
    right = {"": other.overall, **{str(key): values for key, values in other.slices}}
    found = sorted(f"slice {key} only once" for key in left.keys() ^ right.keys())
    for key in left.keys() & right.keys():
        assert left[key].keys() == right[key].keys()
        for name, value in left[key].items():
            # A metric that is not finite is None, on both.
            same = value == right[key][name]
            if not same and (
                None in (value, right[key][name])
                or value != pytest.approx(right[key][name], abs=most)
            ):
                found.append(f"{key} {name}: {value} and {right[key][name]}")
    return found


def test_the_store_of_the_other_stack_is_read(pair: Pair) -> None:
    assert pair.other.state == pair.own.state == State.COMPLETE
    assert pair.other.decisions == pair.own.decisions
    for node in pair.own.decisions:
        assert pair.own[node].outputs.keys() == pair.other[node].outputs.keys()


def test_examples_are_in_the_same_splits_and_the_same_bytes(pair: Pair) -> None:
    own, other = map(records, pair.both("CsvExampleGen"))
    assert own == other
    assert all(own.values())


def test_statistics_are_equal(pair: Pair) -> None:
    own, other = map(load_statistics, pair.both("StatisticsGen"))
    assert own.keys() == other.keys()
    assert {s: statistics_parity.differences(own[s], other[s]) for s in own} == {s: [] for s in own}


def test_schemas_are_equal(pair: Pair) -> None:
    node = "SchemaGen" if pair.name == "penguin" else "ImportSchemaGen"
    own, other = map(load_schema, pair.both(node))
    assert own == other
    assert len(own.feature) > 5


def test_anomalies_are_equal(pair: Pair) -> None:
    own, other = map(load_anomalies, pair.both("ExampleValidator"))
    assert own == other


def test_transformed_examples_are_equal(pair: Pair) -> None:
    own, other = map(load_examples, pair.both("Transform", "transformed_examples"))
    assert list(frames_differ(own, other)) == []


def test_a_transform_graph_of_the_other_stack_transforms_here(pair: Pair) -> None:
    import tensorflow as tf

    graph = load_transform_graph(pair.other["Transform"].artifact("transform_graph"))
    expected = load_examples(pair.other["Transform"].artifact("transformed_examples"))
    rows = records(pair.other["CsvExampleGen"].artifact())["eval"]
    raw = tf.io.parse_example(tf.constant(rows), graph.raw_feature_spec())
    made = graph.transform_raw_features(raw)
    for name, column in expected.loc["eval"].items():
        values = made[name]
        if isinstance(values, tf.SparseTensor):
            values = tf.sparse.to_dense(values)
        assert values.numpy().reshape(-1).tolist() == pytest.approx(column.tolist(), TRANSFORMED)


def test_a_model_of_the_other_stack_predicts_here(pair: Pair) -> None:
    import tensorflow as tf

    rows = records(pair.own["CsvExampleGen"].artifact())["eval"][:50]
    for artifact in pair.both("Trainer", "model"):
        served = load_model(artifact).signatures["serving_default"]
        (values,) = served(examples=tf.constant(rows)).values()
        assert values.shape[0] == len(rows)
        assert 0 <= values.numpy().min() < values.numpy().max() <= 1


def test_an_evaluation_of_the_other_stack_is_read_and_one_of_its_model_here_is_the_same(
    pair: Pair,
) -> None:
    theirs = pair.other["Evaluator"]
    recorded = load_evaluation(theirs.artifact("evaluation"))
    given = json.loads(json.dumps(theirs.execution.parameters["eval_config"]))
    schema = "SchemaGen" if pair.name == "penguin" else "ImportSchemaGen"
    evaluated = run_component(
        Evaluator,
        examples=pair.other["CsvExampleGen"].artifact(),
        model=pair.other["Trainer"].artifact("model"),
        schema=pair.other[schema].artifact(),
        eval_config=given,
    ).outputs["evaluation"]
    assert metrics_differ(load_evaluation(evaluated), recorded, SAME_MODEL) == []
    assert len(recorded.slices) > 1


def test_models_trained_on_both_stacks_are_as_good(pair: Pair) -> None:
    own, other = (load_evaluation(each) for each in pair.both("Evaluator", "evaluation"))
    assert own.blessed
    assert other.blessed
    assert own.overall.keys() == other.overall.keys()
    for name, value in own.overall.items():
        # A metric that is not finite is None, on both.
        near = value if value is None else pytest.approx(value, rel=EQUAL_MODELS)
        assert (name, other.overall[name]) == (name, near)
