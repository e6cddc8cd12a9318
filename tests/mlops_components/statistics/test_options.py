"""StatisticsGen: both engines give the same, and what is asked for is there or named."""

from typing import Any

import pytest
from described_examples import described, ml, rows

from mlops_components import loaders
from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Examples

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
def test_options_of_tfdv_as_json_are_taken(examples: Examples) -> None:
    import tensorflow_data_validation as tfdv

    options = tfdv.StatsOptions(num_top_values=2, use_sketch_based_topk_uniques=True).to_json()
    for given in (options, '{"num_top_values": 2}'):
        found = loaders.load_statistics(described(examples, stats_options=given))["eval"]
        tags = next(f for f in found.datasets[0].features if f.path.step[0] == "tags")
        assert len(tags.string_stats.top_values) == 2
