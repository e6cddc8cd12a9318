"""StatisticsGen: both engines give the same, and what is asked for is there or named."""

from typing import Any

import pytest
from described_examples import SLICES, described, ml, rows

from mlops_components import SchemaGen, loaders
from mlops_components.records import SplitWriter
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
def test_schema_goes_by_all_rows_not_by_slices(examples: Examples) -> None:
    plain, sliced = (
        run_component(SchemaGen, statistics=described(examples, stats_options=options))
        for options in (None, SLICES)
    )
    schemas = [loaders.load_schema(made.outputs["schema"]) for made in (plain, sliced)]
    assert schemas[0] == schemas[1]
    assert [f.name for f in schemas[0].feature] == ["city", "fare", "hour", "tags", "weight"]
