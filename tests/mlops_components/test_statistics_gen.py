"""StatisticsGen: both engines give the same, and what is asked for is there or named."""

from pathlib import Path
from typing import Any

import pytest
from described_examples import SLICES, described, ml, rows

from mlops_components import loaders
from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError, PipelineError

pytestmark = pytest.mark.filterwarnings("ignore")


SQL = {"experimental_slice_sqls": ["SELECT STRUCT(city) FROM example.city"]}


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
@pytest.mark.parametrize(
    "parameters",
    [
        {"sharded_stats_output": True},
        {
            "stats_options": {**SLICES, "weight_feature": "weight", "num_top_values": 5},
            "sample_rate_by_split": {"train": 0.5},
            "exclude_splits": ["eval"],
        },
        {"stats_options": SQL, "exclude_splits": ["train"]},
    ],
    ids=["all", "slices, weights and a sample", "slices by SQL"],
)
def test_both_engines_give_the_same(examples: Examples, parameters: dict[str, Any]) -> None:
    from statistics_parity import differences

    ours, theirs = (described(examples, engine=name, **parameters) for name in ("memory", "beam"))
    assert (ours.properties.pop("engine"), theirs.properties.pop("engine")) == ("memory", "beam")
    assert ours.properties == theirs.properties
    for split in ours.splits:
        found = [loaders.load_statistics(artifact)[split] for artifact in (ours, theirs)]
        assert differences(*found) == []
        names = [sorted(p.name for p in a.split(split).iterdir()) for a in (ours, theirs)]
        assert names[0] == names[1]
        assert found[0].datasets[0].num_examples > 100


@ml
def test_what_is_written_is_described(examples: Examples) -> None:
    parameters = {"stats_options": SLICES, "sample_rate_by_split": {"eval": 0.5}}
    first, second = (described(examples, **parameters) for _ in range(2))
    assert first.splits == ["train", "eval"]
    assert first.properties["span"] == 7
    assert first.properties["sample_rate_by_split"] == {"train": 1.0, "eval": 0.5}
    assert first.properties["engine"] == "memory"
    assert "at most 4 GiB" in str(first.properties["engine_reason"])
    slices = {d.name: d for d in loaders.load_statistics(first)["train"].datasets}
    names = ["All Examples", "city_a", "city_b", "city_b_hour_3", "city_c"]
    assert list(slices) == names
    assert slices["All Examples"].num_examples == 900
    assert sum(slices[f"city_{name}"].num_examples for name in "abc") == 800
    assert 100 < loaders.load_statistics(first)["eval"].datasets[0].num_examples < 200
    for split in first.splits:
        files = [a.split(split) / "FeatureStats.pb" for a in (first, second)]
        assert files[0].read_bytes() == files[1].read_bytes()


@ml
def test_sequence_examples_are_described(tmp_path: Path) -> None:
    import tensorflow as tf

    record = tf.train.SequenceExample()
    record.context.feature["user"].bytes_list.value.append(b"u")
    steps = record.feature_lists.feature_list["clicks"].feature
    for value in range(3):
        steps.add().int64_list.value.append(value)
    made = Examples(str(tmp_path), properties={"payload_format": "FORMAT_TF_SEQUENCE_EXAMPLE"})
    with SplitWriter(made, ["train"]) as writer:
        writer.write_all("train", [record.SerializeToString()] * 20)
    found = loaders.load_statistics(described(made))["train"].datasets[0]
    paths = [list(feature.path.step) for feature in found.features]
    assert paths == [["##SEQUENCE##"], ["##SEQUENCE##", "clicks"], ["user"]]
    assert found.num_examples == 20


@ml
@pytest.mark.parametrize(
    ("parameters", "error", "message", "hint"),
    [
        ({"stats_options": {"num_top_value": 3}}, ParameterError, "num_top_value", "values'?"),
        ({"stats_options": '{"TYPE_NAME": "StatsOptions", "x": 1}'}, ParameterError, "'x'", "know"),
        ({"stats_options": {"sample_rate": 2.0}}, ParameterError, "Invalid sample_rate", "tfdv"),
        (
            {"stats_options": {"slicing_config": {"slicing_specs": [{"feature_keys": ["town"]}]}}},
            ParameterError,
            "slicing_config names 'town'",
            "known: city",
        ),
        (
            {"stats_options": {"experimental_slice_sqls": ["SELECT STRUCT(x) FROM example.x"]}},
            ParameterError,
            "query",
            "SELECT STRUCT",
        ),
        (
            {
                "stats_options": {
                    "experimental_slice_sqls": [
                        "SELECT STRUCT(x) FROM example.x",
                        "SELECT STRUCT(y) FROM example.y",
                        "SELECT STRUCT(city) FROM example.city",
                    ]
                }
            },
            ParameterError,
            "used: SELECT STRUCT(x) FROM example.x; SELECT STRUCT(y) FROM example.y",
            "features that are there",
        ),
        (
            {"stats_options": {"feature_allowlist": ["fara", "hour"]}},
            ParameterError,
            "'fara'",
            "hour",
        ),
        ({"stats_options": {"weight_feature": "city"}}, ExecutorError, "'city'", "weight of 0"),
        ({"stats_options": {"slice_functions": ["f"]}}, ParameterError, "functions", "slicing_c"),
        ({"sample_rate_by_split": {"evil": 0.5}}, NotFoundError, "no split 'evil'", "'eval'"),
        ({"sample_rate_by_split": {"eval": 0.0}}, ParameterError, "'eval' is 0", "above 0"),
        ({"exclude_splits": ["test"]}, NotFoundError, "no split 'test'", "known: eval, train"),
    ],
)
def test_mistakes_are_named(
    examples: Examples,
    parameters: dict[str, Any],
    error: type[PipelineError],
    message: str,
    hint: str,
) -> None:
    with pytest.raises(error) as caught:
        described(examples, **parameters)
    assert message in caught.value.message
    assert hint in caught.value.hint


@ml
@pytest.mark.parametrize("engine", ["memory", "beam"])
def test_damaged_examples_are_named(examples: Examples, tmp_path: Path, engine: str) -> None:
    damaged = Examples(str(tmp_path), properties=examples.properties)
    for split in damaged.splits:
        damaged.split(split).mkdir()
        (damaged.split(split) / "data_tfrecord-00000-of-00001").write_bytes(b"no records" * 9)
    with pytest.raises(ExecutorError, match=str(tmp_path)):
        described(damaged, engine=engine)


@ml
def test_records_of_another_kind_are_named(examples: Examples) -> None:
    other = Examples(examples.uri, properties={**examples.properties, "payload_format": "PARQUET"})
    with pytest.raises(ExecutorError, match="are PARQUET"):
        described(other)


@ml
@pytest.mark.parametrize("engine", ["memory", "beam"])
@pytest.mark.parametrize("rate", [1.0, 0.5])
def test_rows_that_were_not_read_are_missed(examples: Examples, engine: str, rate: float) -> None:
    properties = {**examples.properties, "num_examples": {"train": 900, "eval": 301}}
    less = Examples(examples.uri, properties=properties)
    with pytest.raises(ExecutorError, match=r"split 'eval' .*: 300 of 301 rows were read from"):
        described(less, engine=engine, sample_rate_by_split={"eval": rate})


@ml
def test_an_empty_split_is_described_where_it_was_made_empty(tmp_path: Path) -> None:
    from mlops_components import SchemaGen
    from mlops_pipeline.testing import run_component

    made = Examples(str(tmp_path))
    with SplitWriter(made, ["train"]):
        pass
    empty = [described(made, engine=engine) for engine in ("memory", "beam")]
    for statistics in empty:
        assert statistics.properties["num_examples"] == {"train": 0}
        run_component(SchemaGen, statistics=statistics)
        del statistics.properties["num_examples"]
        with pytest.raises(ExecutorError, match=r"split 'train' .* are of 0 rows"):
            run_component(SchemaGen, statistics=statistics)
