"""`DistributionValidator`: finds shifts between the distributions of two datasets."""

from __future__ import annotations

import dataclasses
import logging
import math
from dataclasses import dataclass, field
from typing import Any

from mlops_components.records import split_pairs
from mlops_components.statistics import Severity, judge
from mlops_pipeline import Input, Output, component
from mlops_pipeline.artifacts import ExampleAnomalies, ExampleStatistics
from mlops_pipeline.errors import ParameterError

log = logging.getLogger(__name__)

NO_BASELINE = 2
"""Value of `blessed` where there was nothing to compare with, as in TFX."""


@dataclass(frozen=True)
class Threshold:
    """A distance from which on two distributions count as different."""

    threshold: float


@dataclass(frozen=True)
class DistributionComparator:
    """Distances between two distributions of a feature, with thresholds.

    Args:
        infinity_norm: of texts and categories: the largest difference of a value's share.
        jensen_shannon_divergence: of numbers and texts; 0 for equal ones, 1 for disjoint ones.
        normalized_abs_difference: of the counts of values.
    """

    infinity_norm: Threshold | None = None
    jensen_shannon_divergence: Threshold | None = None
    normalized_abs_difference: Threshold | None = None


@dataclass(frozen=True)
class FeaturePath:
    """A feature; one inside a structure has several steps."""

    step: list[str]


@dataclass(frozen=True)
class FeatureComparator:
    """A feature that is compared; a text is the name of one that is in no structure."""

    path: FeaturePath | str
    distribution_comparator: DistributionComparator


@dataclass(frozen=True)
class NumericValueComparator:
    """The smallest and the largest ratio of the new number to the old one that pass."""

    min_fraction_threshold: float | None = None
    max_fraction_threshold: float | None = None


@dataclass(frozen=True)
class DatasetConfig:
    """Features to compare, and the number of examples."""

    feature: list[FeatureComparator] = field(default_factory=list)
    num_examples_comparator: NumericValueComparator | None = None


@dataclass(frozen=True)
class DistributionValidatorConfig:
    """TFX's message of this name: what is compared of all examples."""

    default_slice_config: DatasetConfig = field(default_factory=DatasetConfig)


# TFX's interface, and `severity`.
@component(base_type="Process")
def DistributionValidator(
    statistics: Input[ExampleStatistics],
    # May be empty, in the first run, but not left out: there would never be anything to compare.
    baseline_statistics: Input[ExampleStatistics] | None,
    *,
    anomalies: Output[ExampleAnomalies],
    config: DistributionValidatorConfig,
    include_split_pairs: list[tuple[str, str]] | None = None,
    custom_validation_config: dict[str, Any] | str | None = None,
    severity: Severity | None = None,
) -> None:
    """Compare statistics with those of a baseline.

    The property `blessed` says for each pair of splits whether it has no anomalies (1) or some
    (0), or for each split that there was no baseline yet (2); then `not_compared` says so in words.

    Args:
        include_split_pairs: pairs of a split of `statistics` and one of `baseline_statistics`;
            by default, each split with the one of the same name.
        custom_validation_config: SQL over pairs of features: the fields of TFDV's
            `CustomValidationConfig`, its JSON or its text form.
        severity: `record`, `warn`, `skip` or `fail` by kind of anomaly; "*" for all others.
    """
    anomalies.properties["span"] = statistics.properties.get("span", 0)
    _check(config, custom_validation_config)
    if baseline_statistics is None:
        reason = "there are no baseline_statistics yet"
        log.warning("nothing was compared: %s", reason)
        anomalies.set_splits([])
        anomalies.properties["not_compared"] = [reason]
        anomalies.properties["blessed"] = dict.fromkeys(statistics.splits, NO_BASELINE)
        return
    from mlops_components.statistics import _anomalies, _tfdv

    custom = _anomalies.custom_config(custom_validation_config)
    pairs = split_pairs(statistics.splits, baseline_statistics.splits, include_split_pairs)
    anomalies.set_splits([f"{test}_{base}" for test, base in pairs])
    blessed = {}
    for test, base in pairs:
        name = f"{test}_{base}"
        found = _anomalies.compare(
            _tfdv.read_of_rows(statistics, test),
            _tfdv.read_of_rows(baseline_statistics, base),
            config,
            custom,
        )
        _anomalies.write_anomalies(found, anomalies.path / f"SplitPair-{name}")
        judge(name, _anomalies.anomalies_in(found), severity)
        blessed[name] = int(_anomalies.is_blessed(found))
    anomalies.properties["blessed"] = blessed


def _check(config: DistributionValidatorConfig, custom: Any) -> None:
    whole = config.default_slice_config
    if not whole.feature and whole.num_examples_comparator is None and custom is None:
        raise ParameterError(
            "DistributionValidator: config names no feature and no number of examples to compare",
            hint="name features in default_slice_config, or leave the validator out",
        )
    given = [dataclasses.asdict(each.distribution_comparator) for each in whole.feature]
    limits = [limit["threshold"] for one in given for limit in one.values() if limit]
    if whole.num_examples_comparator is not None:
        limits += dataclasses.asdict(whole.num_examples_comparator).values()
    wrong = [limit for limit in limits if limit is not None and not math.isfinite(limit)]
    if wrong:
        raise ParameterError(
            f"DistributionValidator: a threshold is {wrong[0]}, which everything passes",
            hint="give a number",
        )
