"""ExampleValidator, DistributionValidator, ImportSchemaGen: what they find, what comes of it."""

from __future__ import annotations

import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_components import (
    DatasetConfig,
    DistributionComparator,
    DistributionValidator,
    DistributionValidatorConfig,
    ExampleValidator,
    FeatureComparator,
    FeaturePath,
    ImportSchemaGen,
    NumericValueComparator,
    Threshold,
)
from mlops_components.statistics.severity import AnomalyKind
from mlops_pipeline.artifacts import Artifact, ExampleAnomalies, ExampleStatistics, Schema
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError
from mlops_pipeline.testing import ComponentResult, artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

Load = Callable[[Artifact], Any]

SCHEMA = """
default_environment: "TRAINING"
default_environment: "SERVING"
feature {
  name: "x"
  type: FLOAT
  presence { min_fraction: 1 }
  drift_comparator { jensen_shannon_divergence { threshold: 0.1 } }
  skew_comparator { jensen_shannon_divergence { threshold: 0.1 } }
}
feature {
  name: "k"
  type: BYTES
  domain: "k"
  presence { min_fraction: 1 }
  drift_comparator { infinity_norm { threshold: 0.1 } }
}
feature { name: "label" type: INT presence { min_fraction: 1 } not_in_environment: "SERVING" }
string_domain { name: "k" value: "a" value: "b" }
dataset_constraints {
  num_examples_drift_comparator { min_fraction_threshold: 0.5 }
  num_examples_version_comparator { max_fraction_threshold: 1.5 }
}
"""


def statistics_of(splits: dict[str, Any], span: int = 0, by: str = "") -> ExampleStatistics:
    import tensorflow_data_validation as tfdv

    from mlops_components.statistics._tfdv import write_statistics

    found = artifact(ExampleStatistics, {}, span=span)
    found.set_splits(list(splits))
    for split, frame in splits.items():
        computed = tfdv.generate_statistics_from_dataframe(frame)
        if by:
            computed.datasets[0].name = "All Examples"
        for value, part in frame.groupby(by) if by else ():
            computed.MergeFrom(tfdv.generate_statistics_from_dataframe(part.reset_index(drop=True)))
            computed.datasets[-1].name = f"{by}_{value}"
        write_statistics(computed, found.path / f"Split-{split}")
    return found


def rows(count: int, shift: float = 0.0, kinds: str = "ab", seed: int = 0) -> Any:
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": random.normal(shift, 1, count),
            "k": [kinds[i % len(kinds)] for i in range(count)],
            "label": np.arange(count) % 2,
        }
    )


@pytest.fixture(scope="module")
def data() -> dict[str, ExampleStatistics]:
    return {
        "usual": statistics_of({"train": rows(400), "eval": rows(200, seed=1)}, span=4),
        "next": statistics_of({"train": rows(380, seed=2), "eval": rows(190, seed=3)}, span=5),
        "shifted": statistics_of(
            {"train": rows(400, 3.0, "aaab"), "eval": rows(90, seed=5)}, span=5
        ),
        "strange": statistics_of({"train": rows(400, kinds="abc"), "eval": rows(200)}),
        "unlabelled": statistics_of({"serving": rows(400).drop(columns="label")}),
        "served": statistics_of({"serving": rows(300, 2.0)}),
        "sliced": statistics_of({"train": rows(400)}, by="k"),
    }


@pytest.fixture(scope="module")
def schema() -> Schema:
    return artifact(Schema, {"schema.pbtxt": SCHEMA})


def kinds(result: ComponentResult, load: Load) -> dict[str, dict[str, set[str]]]:
    """Kinds of anomalies by split and feature; those of the dataset under an empty name."""
    from tensorflow_metadata.proto.v0.anomalies_pb2 import AnomalyInfo

    found = {}
    for split, anomalies in load(result.outputs["anomalies"]).items():
        infos = dict(anomalies.anomaly_info)
        if anomalies.HasField("dataset_anomaly_info"):
            infos[""] = anomalies.dataset_anomaly_info
        found[split] = {
            name: {AnomalyInfo.Type.Name(reason.type) for reason in info.reason}
            for name, info in infos.items()
        }
    return found


def test_every_kind_of_anomaly_can_be_given_a_severity() -> None:
    from tensorflow_metadata.proto.v0.anomalies_pb2 import AnomalyInfo

    assert {*typing.get_args(AnomalyKind)} - {"*"} == {*AnomalyInfo.Type.keys()}


def test_what_does_not_fit_the_schema_is_recorded(
    data: dict[str, ExampleStatistics], schema: Schema, load: Load
) -> None:
    result = run_component(ExampleValidator, statistics=data["strange"], schema=schema)
    assert kinds(result, load) == {
        "train": {"k": {"ENUM_TYPE_UNEXPECTED_STRING_VALUES"}},
        "eval": {},
    }
    found = result.outputs["anomalies"]
    assert found.properties["blessed"] == {"train": 0, "eval": 1}
    assert result.gate is None


def test_a_severity_makes_a_gate_of_a_kind(
    data: dict[str, ExampleStatistics], schema: Schema
) -> None:
    given = {"statistics": data["strange"], "schema": schema}
    kind = "ENUM_TYPE_UNEXPECTED_STRING_VALUES"
    gate = run_component(ExampleValidator, **given, severity={kind: "skip", "*": "fail"}).gate
    assert gate is not None
    assert gate.action == "skip"
    assert gate.reasons == [
        f"split train: k: Examples contain values missing from the schema: c (~33%). ({kind})"
    ]
    general = run_component(ExampleValidator, **given, severity={"*": "fail"}).gate
    assert general is not None
    assert general.action == "fail"
    assert run_component(ExampleValidator, **given, severity={kind: "record"}).gate is None
    exempt = run_component(
        ExampleValidator, **given, severity={"*": "fail"}, exclude_splits=["train"]
    )
    assert exempt.gate is None


def test_drift_from_an_earlier_span_is_found(
    data: dict[str, ExampleStatistics], schema: Schema, load: Load
) -> None:
    result = run_component(
        ExampleValidator,
        statistics=data["shifted"],
        schema=schema,
        previous_statistics=data["usual"],
        severity={"COMPARATOR_L_INFTY_HIGH": "warn"},
    )
    assert kinds(result, load) == {
        "train": {
            "x": {"COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH"},
            "k": {"COMPARATOR_L_INFTY_HIGH"},
        },
        "eval": {"": {"COMPARATOR_LOW_NUM_EXAMPLES"}},
    }
    assert result.outputs["anomalies"].properties["span"] == 5
    assert result.gate is not None
    assert "between current and previous is 0.25 " in result.gate.reasons[0]
    measured = load(result.outputs["anomalies"])["eval"].drift_skew_info
    assert {each.path.step[0] for each in measured} == {"x", "k"}
    same = run_component(
        ExampleValidator, statistics=data["next"], schema=schema, previous_statistics=data["usual"]
    )
    assert kinds(same, load) == {"train": {}, "eval": {}}


def test_skew_and_versions_are_compared_with_the_only_split_there_is(
    data: dict[str, ExampleStatistics], schema: Schema, load: Load
) -> None:
    result = run_component(
        ExampleValidator,
        statistics=data["usual"],
        schema=schema,
        serving_statistics=data["served"],
        previous_version_statistics=data["shifted"],
    )
    skewed = {"COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH"}
    assert kinds(result, load) == {
        "train": {"x": skewed},
        "eval": {"x": skewed, "": {"COMPARATOR_HIGH_NUM_EXAMPLES"}},
    }
    with pytest.raises(ParameterError, match="serving_statistics has no split 'serving'"):
        run_component(
            ExampleValidator,
            statistics=data["served"],
            schema=schema,
            serving_statistics=data["usual"],
        )


def test_an_environment_leaves_out_what_is_not_in_it(
    data: dict[str, ExampleStatistics], schema: Schema, load: Load
) -> None:
    given = {"statistics": data["unlabelled"], "schema": schema}
    plain = run_component(ExampleValidator, **given, environment="TRAINING")
    assert kinds(plain, load)["serving"] == {"label": {"SCHEMA_MISSING_COLUMN"}}
    serving = run_component(ExampleValidator, **given, environment="SERVING")
    assert kinds(serving, load)["serving"] == {}
    with pytest.raises(ParameterError, match="no environment 'SERVIN'") as wrong:
        run_component(ExampleValidator, **given, environment="SERVIN")
    assert wrong.value.hint == "did you mean 'SERVING'?"


def test_slices_are_validated_as_tfdv_does(data: dict[str, ExampleStatistics], load: Load) -> None:
    from tensorflow_data_validation.api import validation_api

    narrow = artifact(
        Schema, {"schema.pbtxt": SCHEMA.replace('value: "b" }', "}").partition("dataset")[0]}
    )
    given = {"statistics": data["sliced"], "schema": narrow}
    whole = run_component(ExampleValidator, **given)
    assert kinds(whole, load)["train"].keys() == {"k"}
    result = run_component(ExampleValidator, **given, validate_slices=True)
    found = kinds(result, load)["train"]
    assert found.keys() == {"k", "slice(k_b)::k"}
    theirs = validation_api.validate_corresponding_slices(
        load(data["sliced"])["train"], load(narrow)
    )
    ours = load(result.outputs["anomalies"])["train"].anomaly_info
    by_path = {info.path.step[0]: info for info in theirs.anomaly_info.values()}
    assert by_path.keys() == {"slice(All Examples)::k", "slice(k_b)::k"}
    assert ours["slice(k_b)::k"] == by_path["slice(k_b)::k"]
    assert list(ours["k"].reason) == list(by_path["slice(All Examples)::k"].reason)


def test_custom_validations_are_sql_over_statistics(
    data: dict[str, ExampleStatistics], schema: Schema
) -> None:
    check = {
        "sql_expression": "feature.num_stats.mean < 1",
        "severity": "ERROR",
        "description": "mean too high",
    }
    config = {
        "feature_validations": [{"feature_path": {"step": ["x"]}, "validations": [check]}],
    }
    given = {"statistics": data["shifted"], "schema": schema}
    result = run_component(
        ExampleValidator,
        **given,
        custom_validation_config=config,
        severity={"CUSTOM_VALIDATION": "fail"},
    )
    assert result.gate is not None
    assert result.gate.reasons == ["split train: x: mean too high (CUSTOM_VALIDATION)"]
    check["sql_expression"] = "feature.num_stats.meen < 1"
    with pytest.raises(ExecutorError, match="does not have a field called meen"):
        run_component(ExampleValidator, **given, custom_validation_config=config)
    with pytest.raises(ParameterError, match=r"custom_validation_config: .*feature_validation"):
        run_component(ExampleValidator, **given, custom_validation_config="feature_validation { }")


def test_custom_validations_of_pairs_and_environments(
    data: dict[str, ExampleStatistics], schema: Schema, load: Load
) -> None:
    def check(sql: str, **more: Any) -> dict[str, Any]:
        return {"sql_expression": sql, "severity": "WARNING", "description": "wrong", **more}

    texts = [
        check("feature.string_stats.unique > 100"),
        check("feature.type = 'INT' OR ARRAY_LENGTH(feature.string_stats.top_values) < 2"),
        check("FALSE", in_environment=["SERVING"]),
        check("feature.num_stats IS NULL AND feature.string_stats.unique + 1 > 1.5"),
        check("feature.string_stats.avg_length = 1.0 AND FEATURE.String_Stats.unique IN (2, 3)"),
    ]
    pair = {
        "feature_test_path": {"step": ["x"]},
        "feature_base_path": {"step": ["x"]},
        "validations": [
            check("feature_test.num_stats.mean < feature_base.num_stats.mean"),
            check("feature_test.num_stats.mean > feature_base.num_stats.mean"),
        ],
    }
    config = {
        "feature_validations": [{"feature_path": {"step": ["k"]}, "validations": texts}],
        "feature_pair_validations": [pair],
    }
    given = {"statistics": data["shifted"], "schema": schema}
    result = run_component(
        ExampleValidator,
        **given,
        previous_statistics=data["usual"],
        custom_validation_config=config,
    )
    found = load(result.outputs["anomalies"])["train"].anomaly_info
    begin = "Custom validation triggered anomaly. Query: "
    assert [r.description for r in found["k"].reason if "Query" in r.description] == [
        f"{begin}{text['sql_expression']} Test dataset: default slice" for text in texts[:2]
    ]
    assert [r.description for r in found["x"].reason if "Query" in r.description] == [
        f"{begin}{pair['validations'][0]['sql_expression']} Test dataset: default slice "  # type: ignore[index]
        "Base dataset:  Base path: x"
    ]
    # Beside what TFDV itself has found.
    assert found["x"].short_description == "Multiple errors"
    assert found["x"].description == " ".join(r.description for r in found["x"].reason)
    with pytest.raises(ExecutorError, match="base_statistics have not been specified"):
        run_component(ExampleValidator, **given, custom_validation_config=config)
    for sql, message in {
        "feature.num_stats.mean > 1": "returned null",
        "feature.string_stats.unique": "non-bool",
        "feature.string_stats.unique > 'a'": "No matching signature",
        "features.type = 'INT'": "Unrecognized name: features",
    }.items():
        texts[:] = [check(sql)]
        with pytest.raises(ExecutorError, match=message):
            run_component(ExampleValidator, **given, custom_validation_config=config)


CONFIG = DistributionValidatorConfig(
    DatasetConfig(
        feature=[
            FeatureComparator("k", DistributionComparator(infinity_norm=Threshold(0.2))),
            FeatureComparator(
                FeaturePath(["x"]),
                DistributionComparator(jensen_shannon_divergence=Threshold(0.2)),
            ),
        ],
        num_examples_comparator=NumericValueComparator(min_fraction_threshold=0.5),
    )
)


def test_shifts_between_two_datasets_are_found(
    data: dict[str, ExampleStatistics], load: Load
) -> None:
    result = run_component(
        DistributionValidator,
        statistics=data["shifted"],
        baseline_statistics=data["usual"],
        config=CONFIG,
        severity={"*": "skip"},
    )
    assert kinds(result, load) == {
        "train_train": {
            "x": {"COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH"},
            "k": {"COMPARATOR_L_INFTY_HIGH"},
        },
        "eval_eval": {"": {"COMPARATOR_LOW_NUM_EXAMPLES"}},
    }
    anomalies = result.outputs["anomalies"]
    assert isinstance(anomalies, ExampleAnomalies)
    assert anomalies.splits == ["train_train", "eval_eval"]
    assert (anomalies.path / "SplitPair-train_train" / "SchemaDiff.pb").is_file()
    assert anomalies.properties["blessed"] == {"train_train": 0, "eval_eval": 0}
    assert result.gate is not None
    assert len(result.gate.reasons) == 3


def test_only_the_comparison_counts_and_what_cannot_be_compared_is_told(
    data: dict[str, ExampleStatistics], load: Load
) -> None:
    wide = DistributionComparator(infinity_norm=Threshold(0.9))
    features = [FeatureComparator(name, wide) for name in ("k", "nameless")]
    result = run_component(
        DistributionValidator,
        statistics=data["strange"],
        baseline_statistics=data["usual"],
        config=DistributionValidatorConfig(DatasetConfig(feature=features)),
        include_split_pairs=[["train", "eval"]],
    )
    # A value that the baseline does not have is no anomaly here.
    assert kinds(result, load) == {"train_eval": {"nameless": {"STATS_NOT_AVAILABLE"}}}


def test_without_a_baseline_everything_passes(
    data: dict[str, ExampleStatistics], load: Load
) -> None:
    result = run_component(
        DistributionValidator, statistics=data["usual"], config=CONFIG, severity={"*": "fail"}
    )
    assert result.outputs["anomalies"].properties["blessed"] == {"train": 2, "eval": 2}
    assert result.gate is None
    assert load(result.outputs["anomalies"]) == {}


def test_pairs_of_splits_that_are_not_there_are_named(data: dict[str, ExampleStatistics]) -> None:
    given = {"statistics": data["usual"], "config": CONFIG}
    with pytest.raises(NotFoundError, match="no split 'tran' in 'tran_eval'"):
        run_component(
            DistributionValidator,
            **given,
            baseline_statistics=data["next"],
            include_split_pairs=[["tran", "eval"]],
        )
    with pytest.raises(NotFoundError, match="no split is in both"):
        run_component(DistributionValidator, **given, baseline_statistics=data["served"])


def test_a_schema_is_copied_as_it_is(tmp_path: Path, load: Load) -> None:
    file = tmp_path / "mine.pbtxt"
    file.write_text("# looked over\n" + SCHEMA)
    found = run_component(ImportSchemaGen, schema_file=file).outputs["schema"]
    assert (found.path / "schema.pbtxt").read_bytes() == file.read_bytes()
    assert [feature.name for feature in load(found).feature] == ["x", "k", "label"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (SCHEMA.replace("type: FLOAT", "typ: FLOAT"), r'schema.pbtxt:6: .*no field named "typ"'),
        (SCHEMA.replace("type: INT", "type: INTEGER"), r"schema.pbtxt:18: .*INTEGER"),
        (SCHEMA.rstrip().removesuffix("}"), r"schema.pbtxt:\d+: .*\}"),
        ("", "schema.pbtxt has no feature"),
        ('feature { name: "a" } feature { name: "a" }', "2 features named 'a'"),
        ("\udcff", "schema.pbtxt is not UTF-8"),
    ],
    ids=["field", "value", "bracket", "empty", "twice", "binary"],
)
def test_a_malformed_schema_is_named_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "schema.pbtxt"
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ExecutorError, match=problem):
        run_component(ImportSchemaGen, schema_file=file)


def test_a_schema_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"schema_file .* does not exist"):
        run_component(ImportSchemaGen, schema_file=tmp_path / "schema.pbtxt")
    with pytest.raises(NotFoundError, match="is a folder"):
        run_component(ImportSchemaGen, schema_file=tmp_path)
