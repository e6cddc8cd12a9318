"""ExampleValidator, DistributionValidator, ImportSchemaGen: what they find, what comes of it."""

from __future__ import annotations

import pytest
from validated_examples import Load, kinds, rows, statistics_of

from mlops_components import (
    DatasetConfig,
    DistributionComparator,
    DistributionValidator,
    DistributionValidatorConfig,
    FeatureComparator,
    FeaturePath,
    NumericValueComparator,
    Threshold,
)
from mlops_pipeline.artifacts import ExampleAnomalies, ExampleStatistics
from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.testing import run_component

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


def test_first_run_has_no_baseline_and_says_so(
    data: dict[str, ExampleStatistics], load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    result = run_component(
        DistributionValidator, statistics=data["usual"], config=CONFIG, severity={"*": "fail"}
    )
    assert result.outputs["anomalies"].properties["blessed"] == {"train": 2, "eval": 2}
    assert result.outputs["anomalies"].properties["not_compared"] == [
        "there are no baseline_statistics yet"
    ]
    assert "nothing was compared" in caplog.text
    assert result.gate is None
    assert load(result.outputs["anomalies"]) == {}


def test_config_that_compares_nothing_is_refused_in_the_first_run(
    data: dict[str, ExampleStatistics],
) -> None:
    empty = DistributionValidatorConfig(DatasetConfig())
    with pytest.raises(ParameterError, match="names no feature and no number of examples"):
        run_component(DistributionValidator, statistics=data["usual"], config=empty)
    limit = DistributionComparator(infinity_norm=Threshold(float("nan")))
    passes = DistributionValidatorConfig(DatasetConfig(feature=[FeatureComparator("k", limit)]))
    with pytest.raises(ParameterError, match="a threshold is nan, which everything passes"):
        run_component(DistributionValidator, statistics=data["usual"], config=passes)


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
