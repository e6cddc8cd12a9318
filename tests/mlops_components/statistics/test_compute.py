"""StatisticsGen: both engines give the same, and what is asked for is there or named."""

import logging
from typing import Any

import pytest
from described_examples import described, ml, rows

from mlops_components import SchemaGen, loaders
from mlops_components.records import SplitWriter
from mlops_components.records.record_batches import in_order
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.testing import run_component

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    import tensorflow as tf

    def feature(values: list[Any]) -> Any:
        if not values:
            return tf.train.Feature()
        if isinstance(values[0], str):
            texts = [value.encode() for value in values]
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=texts))
        if isinstance(values[0], int):
            return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))

    made = Examples(str(tmp_path_factory.mktemp("examples")), properties={"span": 7, "version": 1})
    with SplitWriter(made, ["train", "eval"]) as writer:
        for split, count in (("train", 900), ("eval", 300)):
            for row in rows(count, count):
                features = tf.train.Features(feature={k: feature(v) for k, v in row.items()})
                writer.write(split, tf.train.Example(features=features).SerializeToString())
    return made


@ml
def test_features_that_the_schema_does_not_know_are_described_too(examples: Examples) -> None:
    made = run_component(SchemaGen, statistics=described(examples)).outputs["schema"]
    path = made.path / "schema.pbtxt"
    text = path.read_text()
    path.write_text(text.replace('name: "hour"', 'name: "minute"'))
    found = loaders.load_statistics(described(examples, schema=made))["train"].datasets[0]
    assert "hour" in [feature.path.step[0] for feature in found.features]


@ml
def test_what_memory_does_not_offer_goes_to_beam(
    examples: Examples, caplog: pytest.LogCaptureFixture
) -> None:
    options = {"use_sketch_based_topk_uniques": False}
    parameters: dict[str, Any] = {"stats_options": options, "exclude_splits": ["train"]}
    exact = described(examples, engine="memory", **parameters)
    assert exact.properties["engine"] == "beam"
    assert "counts exactly with Beam only" in str(exact.properties["engine_reason"])
    assert [r.levelno for r in caplog.records if "hands over to Beam" in r.message] == [
        logging.WARNING
    ]


@pytest.mark.parametrize("workers", [1, 3])
def test_results_of_threads_keep_their_order(workers: int) -> None:
    assert list(in_order(lambda n: n * n, range(50), workers)) == [n * n for n in range(50)]


def test_a_mistake_in_a_thread_ends_the_rest() -> None:
    seen = []

    def divide(number: int) -> float:
        seen.append(number)
        return 1 / number

    with pytest.raises(ZeroDivisionError):
        list(in_order(divide, [2, 1, 0, *range(1, 200)], 2))
    assert len(seen) < 20
