"""What the standard components write, read back by the libraries that own the formats."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_components import InfraValidator, Pusher, RequestSpec
from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.testing import run_component

# TensorFlow and its libraries warn about each other.
Load = Callable[[Artifact], Any]

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def artifact(run: PipelineRun, node: str, output: str = "") -> Any:
    return run[node].artifact(output)


def records(folder: Path) -> list[Any]:
    import tensorflow as tf

    files = [str(path) for path in sorted(folder.iterdir())]
    data = tf.data.TFRecordDataset(files, compression_type="GZIP")
    return [tf.train.Example.FromString(r) for r in data.as_numpy_iterator()]


# pytest -m ml: the first test that asks for `penguin` takes some 15 s, as it runs all nodes.


def test_rows_go_to_the_splits_that_tfx_would_put_them_in(penguin: PipelineRun) -> None:
    import hashlib

    examples = artifact(penguin, "CsvExampleGen")
    train, rest = records(examples.split("train")), records(examples.split("eval"))
    assert (len(train), len(rest)) == (204, 140)
    kinds = {"sex": "bytes_list", "body_mass_g": "int64_list", "flipper_length_mm": "int64_list"}
    for split, rows in ((0, train), (1, rest)):
        for row in rows:
            for name, feature in row.features.feature.items():
                # As TFX has it: an empty list of the type that the column has.
                if not feature.WhichOneof("kind"):
                    getattr(feature, kinds.get(name, "float_list")).SetInParent()
            key = hashlib.sha256(row.SerializeToString(deterministic=True)).hexdigest()
            assert (int(key, 16) % 3 == 2) == bool(split)


def test_numbers_and_texts_get_their_types_and_missing_values_none(penguin: PipelineRun) -> None:
    row = records(artifact(penguin, "CsvExampleGen").split("train"))[0].features.feature
    assert row["bill_length_mm"].WhichOneof("kind") == "float_list"
    assert row["body_mass_g"].WhichOneof("kind") == "int64_list"
    assert row["species"].bytes_list.value == [b"Adelie"]
    rows = records(artifact(penguin, "CsvExampleGen").split("train"))
    assert sum(not r.features.feature["sex"].bytes_list.value for r in rows) == 7
    # A feature without a kind is what statistics count as missing.
    assert {r.features.feature["sex"].WhichOneof("kind") for r in rows} == {"bytes_list", None}


def test_examples_carry_tfx_properties(penguin: PipelineRun) -> None:
    properties = artifact(penguin, "CsvExampleGen").properties
    assert properties["span"] == 0
    assert properties["split_names"] == '["train", "eval"]'
    assert properties["payload_format"] == "FORMAT_TF_EXAMPLE"
    assert properties["file_format"] == "tfrecords_gzip"
    assert "total_bytes:15241,sha256:" in properties["input_fingerprint"]


def test_statistics_are_those_of_tfdv(penguin: PipelineRun, load: Load) -> None:
    statistics = load(artifact(penguin, "StatisticsGen"))
    assert set(statistics) == {"train", "eval"}
    dataset = statistics["train"].datasets[0]
    assert dataset.num_examples == 204
    numbers = {f.path.step[0]: f for f in dataset.features}["bill_length_mm"]
    assert numbers.num_stats.common_stats.tot_num_values == 203
    assert 43 < numbers.num_stats.mean < 45


def test_schema_has_domains_and_no_anomalies_are_found(penguin: PipelineRun, load: Load) -> None:
    schema = load(artifact(penguin, "SchemaGen"))
    islands = {domain.name: list(domain.value) for domain in schema.string_domain}["island"]
    assert islands == ["Biscoe", "Dream", "Torgersen"]
    anomalies = artifact(penguin, "ExampleValidator")
    assert anomalies.properties["blessed"] == {"train": 1, "eval": 1}
    assert not load(anomalies)["eval"].anomaly_info


def test_transformed_numbers_are_standardised_over_the_train_split(
    penguin: PipelineRun, load: Load
) -> None:
    examples = load(artifact(penguin, "Transform", "transformed_examples"))
    column = examples.loc["train"]["body_mass_g_xf"]
    assert abs(column.mean()) < 1e-5
    assert column.std(ddof=0) == pytest.approx(1, abs=0.01)
    assert set(examples["sex_xf"]) == {0, 1, 2}


def test_transform_graph_is_readable_by_tft(penguin: PipelineRun, load: Load) -> None:
    graph = load(artifact(penguin, "Transform", "transform_graph"))
    assert graph.vocabulary_size_by_name("species") == 3
    assert set(graph.raw_feature_spec()) > {"island", "sex", "species"}


def test_model_serves_raw_examples_without_a_label(penguin: PipelineRun, load: Load) -> None:
    import tensorflow as tf

    model = load(artifact(penguin, "Trainer", "model"))
    row = records(artifact(penguin, "CsvExampleGen").split("eval"))[0]
    del row.features.feature["species"]
    served = model.signatures["serving_default"]
    probabilities = served(examples=tf.constant([row.SerializeToString()]))["probabilities"]
    assert probabilities.shape == (1, 3)
    assert float(tf.reduce_sum(probabilities)) == pytest.approx(1)


def test_served_model_transforms_as_the_training_data_were(
    penguin: PipelineRun, load: Load
) -> None:
    import tensorflow as tf

    model = load(artifact(penguin, "Trainer", "model"))
    raw = records(artifact(penguin, "CsvExampleGen").split("eval"))
    trained = records(artifact(penguin, "Transform", "transformed_examples").split("eval"))
    served = model.signatures["transform_features"](
        examples=tf.constant([row.SerializeToString() for row in raw])
    )
    assert set(served) == set(trained[0].features.feature)
    for name, values in served.items():
        kind = "float_list" if values.dtype == tf.float32 else "int64_list"
        column = [getattr(row.features.feature[name], kind).value[:] for row in trained]
        assert values.numpy().tolist() == column


def test_model_is_validated_stamped_and_pushed_with_its_warm_up(
    penguin: PipelineRun, tmp_path: Path
) -> None:
    validated = run_component(
        InfraValidator,
        model=artifact(penguin, "Trainer", "model"),
        examples=artifact(penguin, "CsvExampleGen"),
        request_spec=RequestSpec(split_name="eval", num_examples=3, make_warmup=True),
    ).outputs["blessing"]
    assert validated.properties["blessed"] == 1
    pushed = run_component(
        Pusher, infra_blessing=validated, push_destination=str(tmp_path)
    ).outputs["pushed_model"]
    version = Path(str(pushed.properties["pushed_destination"]))
    assert (version / "assets.extra/tf_serving_warmup_requests").stat().st_size > 0
    assert (version / "saved_model.pb").exists()


def test_evaluation_is_readable_by_tfma_and_without_it(penguin: PipelineRun, load: Load) -> None:
    import tensorflow_model_analysis as tfma

    evaluation = artifact(penguin, "Evaluator", "evaluation")
    result = load(evaluation)
    assert result.overall["example_count"] == 140
    assert [key for key, _ in result.slices] == [
        {"island": "Biscoe"},
        {"island": "Dream"},
        {"island": "Torgersen"},
        {"sex": "female"},
        {"sex": "male"},
    ]
    assert result.of(island="Dream")["example_count"] == 54
    theirs = tfma.load_eval_result(str(evaluation.path)).get_metrics_for_all_slices()
    for key, metrics in [({}, result.overall), *result.slices]:
        for name, value in metrics.items():
            assert theirs[tuple(key.items())][name]["doubleValue"] == value
    assert evaluation.properties["metrics"] == result.overall


def test_good_model_is_blessed_and_says_which_it_is(penguin: PipelineRun) -> None:
    blessing = artifact(penguin, "Evaluator", "blessing")
    model = artifact(penguin, "Trainer", "model")
    assert [path.name for path in blessing.path.iterdir()] == ["BLESSED"]
    assert blessing.properties["blessed"] == 1
    assert blessing.properties["current_model"] == model.uri
    assert blessing.properties["current_model_id"] == model.id


def test_blessed_model_is_pushed_as_a_version(penguin: PipelineRun) -> None:
    import tensorflow as tf

    properties = artifact(penguin, "Pusher").properties
    version = Path(properties["pushed_destination"])
    assert properties["pushed"] == 1
    assert version.name == properties["pushed_version"]
    assert [path.name for path in version.parent.glob("[!.]*")] == [version.name]
    assert "serving_default" in tf.saved_model.load(str(version)).signatures


def test_examples_load_as_a_frame_by_split(penguin: PipelineRun, load: Load) -> None:
    frame = load(artifact(penguin, "CsvExampleGen"))
    assert frame.loc["train"].shape == (204, 8)
    assert frame["year"].between(2007, 2009).all()


def test_same_steps_and_seed_give_the_same_accuracy(penguin: PipelineRun) -> None:
    metrics = json.loads(
        (artifact(penguin, "Evaluator", "evaluation").path / "metrics.json").read_text()
    )
    assert metrics["overall"]["sparse_categorical_accuracy"] >= 0.97
