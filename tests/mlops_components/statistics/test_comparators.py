"""Comparators that have compared nothing: an anomaly that says why, in both validators."""

from __future__ import annotations

from typing import Any

import pytest
from validated_examples import statistics_of

from mlops_components import (
    DatasetConfig,
    DistributionComparator,
    DistributionValidator,
    DistributionValidatorConfig,
    ExampleValidator,
    FeatureComparator,
    Threshold,
)
from mlops_components.loaders import load_anomalies
from mlops_pipeline.artifacts import ExampleAnomalies, ExampleStatistics, Schema
from mlops_pipeline.errors import ParameterError
from mlops_pipeline.testing import ComponentResult, artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def salaries() -> dict[str, ExampleStatistics]:
    import numpy as np
    import pandas as pd

    def made(low: float, city: Any) -> ExampleStatistics:
        columns = {
            "whole": np.arange(low, low + 200, dtype=np.int64),
            "part": low + 0.5,
            "city": city,
        }
        return statistics_of({"train": pd.DataFrame(columns)})

    return {"old": made(1000, "Ulm"), "new": made(9000, "Ulm"), "gone": made(1000, None)}


def text(name: str, kind: str, comparator: str, more: str = "") -> str:
    return f'feature {{ name: "{name}" type: {kind} {more} {comparator} }}'


def validated(schema: str, **statistics: ExampleStatistics) -> ComponentResult:
    made = artifact(Schema, {"schema.pbtxt": schema})
    return run_component(ExampleValidator, schema=made, **statistics)


def reasons(result: ComponentResult) -> dict[str, str]:
    """By feature, the descriptions of what was not compared."""
    found = result.outputs["anomalies"]
    assert isinstance(found, ExampleAnomalies)
    (anomalies,) = load_anomalies(found).values() if found.splits == ["train"] else [None]
    return {
        name: reason.description
        for name, info in anomalies.anomaly_info.items()
        for reason in info.reason
        if reason.short_description == "The feature was not compared."
    }


@pytest.mark.parametrize("comparator", ["infinity_norm", "normalized_abs_difference"])
@pytest.mark.parametrize("kind", ["drift", "skew"])
def test_shares_of_numbers_are_not_compared(
    salaries: dict[str, ExampleStatistics], comparator: str, kind: str
) -> None:
    limit = f"{kind}_comparator {{ {comparator} {{ threshold: 0.01 }} }}"
    schema = (
        text("whole", "INT", limit) + text("part", "FLOAT", limit) + text("city", "BYTES", limit)
    )
    beside = {"drift": "previous_statistics", "skew": "serving_statistics"}[kind]
    result = validated(schema, statistics=salaries["new"], **{beside: salaries["old"]})
    found = reasons(result)
    assert found.keys() == {"whole", "part"}
    assert f"{comparator} compares the shares of texts and categories" in found["whole"]
    assert "jensen_shannon_divergence" in found["part"]
    assert result.outputs["anomalies"].properties["blessed"] == {"train": 0}
    alone = validated(schema, statistics=salaries["new"])
    assert alone.outputs["anomalies"].properties["blessed"] == {"train": 2}


def test_feature_without_values_is_not_compared(salaries: dict[str, ExampleStatistics]) -> None:
    for name in ("infinity_norm", "jensen_shannon_divergence"):
        limit = f"drift_comparator {{ {name} {{ threshold: 0.9 }} }}"
        schema = text("city", "BYTES", limit, "presence { min_fraction: 0 }")
        given = {"statistics": salaries["old"], "previous_statistics": salaries["gone"]}
        assert "in those to compare with" in reasons(validated(schema, **given))["city"]


def test_comparator_without_a_threshold_compares_nothing(
    salaries: dict[str, ExampleStatistics],
) -> None:
    schema = text("city", "BYTES", "drift_comparator { infinity_norm { } }")
    given = {"statistics": salaries["new"], "previous_statistics": salaries["old"]}
    assert "infinity_norm has no threshold" in reasons(validated(schema, **given))["city"]


def test_features_of_another_environment_or_stage_are_left_out(
    salaries: dict[str, ExampleStatistics],
) -> None:
    limit = "drift_comparator { infinity_norm { threshold: 0.01 } }"
    elsewhere = 'default_environment: "A" default_environment: "B"\n' + text(
        "whole", "INT", limit, 'not_in_environment: "A"'
    )
    given = {"statistics": salaries["new"], "previous_statistics": salaries["old"]}
    schema = artifact(Schema, {"schema.pbtxt": elsewhere})
    other = run_component(ExampleValidator, schema=schema, environment="A", **given)
    assert reasons(other) == {}
    same = run_component(ExampleValidator, schema=schema, environment="B", **given)
    assert reasons(same).keys() == {"whole"}
    planned = text("whole", "INT", limit, "lifecycle_stage: PLANNED")
    assert reasons(validated(planned, **given)) == {}


@pytest.mark.parametrize("comparator", ["infinity_norm", "normalized_abs_difference"])
def test_distributions_of_numbers_need_another_distance(
    salaries: dict[str, ExampleStatistics], comparator: str
) -> None:
    def run(name: str, **thresholds: Threshold) -> ComponentResult:
        feature = FeatureComparator(name, DistributionComparator(**thresholds))
        return run_component(
            DistributionValidator,
            statistics=salaries["new"],
            baseline_statistics=salaries["old"],
            config=DistributionValidatorConfig(DatasetConfig(feature=[feature])),
        )

    numbers = run("whole", **{comparator: Threshold(0.1)}).outputs["anomalies"]
    assert numbers.properties["blessed"] == {"train_train": 0}
    (found,) = load_anomalies(numbers).values()
    (reason,) = found.anomaly_info["whole"].reason
    assert f"{comparator} compares the shares of texts" in reason.description
    texts = run("city", **{comparator: Threshold(0.1)}).outputs["anomalies"]
    assert texts.properties["blessed"] == {"train_train": 1}
    nothing = run("city").outputs["anomalies"]
    assert nothing.properties["blessed"] == {"train_train": 0}


def test_validator_that_compares_nothing_is_refused(salaries: dict[str, ExampleStatistics]) -> None:
    with pytest.raises(ParameterError, match="config names no feature and no number of examples"):
        run_component(
            DistributionValidator,
            statistics=salaries["new"],
            baseline_statistics=salaries["old"],
            config=DistributionValidatorConfig(),
        )
