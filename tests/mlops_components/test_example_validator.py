"""ExampleValidator, DistributionValidator, ImportSchemaGen: what they find, what comes of it."""

from __future__ import annotations

import typing

import pytest
from validated_examples import SCHEMA, Load, kinds, rows, statistics_of

from mlops_components import (
    ExampleValidator,
)
from mlops_components.statistics.severity import AnomalyKind
from mlops_pipeline.artifacts import ExampleStatistics, Schema
from mlops_pipeline.errors import ParameterError
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
    assert found.properties["blessed"] == {"train": 0, "eval": 2}
    assert result.gate is None


def test_first_run_goes_on_and_says_that_nothing_was_compared(
    data: dict[str, ExampleStatistics], schema: Schema, caplog: pytest.LogCaptureFixture
) -> None:
    given = {"statistics": data["usual"], "schema": schema, "severity": {"*": "fail"}}
    result = run_component(ExampleValidator, **given)
    assert result.gate is None
    found = result.outputs["anomalies"].properties
    assert found["blessed"] == {"train": 2, "eval": 2}
    assert found["not_compared"][:2] == [
        "split train: there are no previous_statistics to compare with: drift of 'x', "
        "drift of 'k', number of examples",
        "split train: there are no serving_statistics to compare with: skew of 'x'",
    ]
    assert "not compared: split eval: there are no previous_version_statistics" in caplog.text
    others = ("previous_statistics", "serving_statistics", "previous_version_statistics")
    same = run_component(ExampleValidator, **given, **dict.fromkeys(others, data["usual"]))
    assert same.outputs["anomalies"].properties["blessed"] == {"train": 1, "eval": 1}
    assert "not_compared" not in same.outputs["anomalies"].properties


def test_slice_that_is_new_was_not_compared(
    data: dict[str, ExampleStatistics], schema: Schema
) -> None:
    result = run_component(
        ExampleValidator,
        statistics=data["sliced"],
        schema=schema,
        previous_statistics=data["usual"],
        serving_statistics=data["served"],
        previous_version_statistics=data["usual"],
        validate_slices=True,
    )
    found = result.outputs["anomalies"].properties["not_compared"]
    assert "split train: previous_statistics have no slice 'k_a' to compare with" in found


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


def test_threshold_that_nothing_is_above_compares_nothing(
    data: dict[str, ExampleStatistics], load: Load
) -> None:
    text = SCHEMA.replace("{ threshold: 0.1 }", "{ threshold: nan }", 1)
    result = run_component(
        ExampleValidator,
        statistics=data["usual"],
        schema=artifact(Schema, {"schema.pbtxt": text}),
        previous_statistics=data["next"],
    )
    assert kinds(result, load)["train"] == {"x": {"STATS_NOT_AVAILABLE"}}
