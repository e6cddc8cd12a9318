"""ExampleValidator, DistributionValidator, ImportSchemaGen: what they find, what comes of it."""

from __future__ import annotations

from typing import Any

import pytest
from validated_examples import SCHEMA, Load, kinds, rows, statistics_of

from mlops_components import (
    ExampleValidator,
)
from mlops_pipeline.artifacts import ExampleStatistics, Schema
from mlops_pipeline.errors import ExecutorError, ParameterError
from mlops_pipeline.testing import artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


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
