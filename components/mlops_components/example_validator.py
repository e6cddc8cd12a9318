"""`ExampleValidator`: compares statistics with a schema and records what is wrong."""

from __future__ import annotations

import logging
from typing import Any

from mlops_components.records import chosen_splits
from mlops_components.statistics import Severity, judge
from mlops_pipeline import Input, Output, component
from mlops_pipeline.artifacts import ExampleAnomalies, ExampleStatistics, Schema

log = logging.getLogger(__name__)

NOT_COMPARED = 2
"""Value of `blessed` where comparators of the schema had no statistics to compare with."""


# TFX's interface, with what TFDV can do beyond it.
@component(base_type="Process")
def ExampleValidator(
    statistics: Input[ExampleStatistics],
    schema: Input[Schema],
    previous_statistics: Input[ExampleStatistics] | None = None,
    serving_statistics: Input[ExampleStatistics] | None = None,
    previous_version_statistics: Input[ExampleStatistics] | None = None,
    *,
    anomalies: Output[ExampleAnomalies],
    exclude_splits: list[str] | None = None,
    custom_validation_config: dict[str, Any] | str | None = None,
    environment: str = "",
    validate_slices: bool = False,
    severity: Severity | None = None,
) -> None:
    """Record where the data does not fit the schema; what comes of it is for `severity` to say.

    The property `blessed` says for each split whether it has no anomalies (1) or some (0), or none
    but nothing to compare with for some comparators of the schema (2), as in a first run; these are
    named in the property `not_compared`.

    Args:
        previous_statistics: of an earlier span, for the drift comparators of the schema.
        serving_statistics: of what is served, for its skew comparators.
        previous_version_statistics: of another version of this span, for its
            `num_examples_version_comparator`.
        exclude_splits: splits that are left out.
        custom_validation_config: SQL over statistics: the fields of TFDV's
            `CustomValidationConfig`, its JSON or its text form.
        environment: the environment of the schema that the data is for.
        validate_slices: validate each slice of sliced statistics by itself, too.
        severity: `record`, `warn`, `skip` or `fail` by kind of anomaly; "*" for all others.
    """
    from mlops_components.statistics import _anomalies, _tfdv

    expected = _tfdv.read_schema(schema)
    _anomalies.check_environment(expected, environment)
    custom = _anomalies.custom_config(custom_validation_config)
    splits = chosen_splits(statistics.splits, excluded=exclude_splits or ())
    anomalies.set_splits(splits)
    anomalies.properties["span"] = statistics.properties.get("span", 0)
    validate = _anomalies.validate_slices if validate_slices else _anomalies.validate
    blessed, missing = {}, []
    for split in splits:
        reference = _anomalies.Reference(
            expected,
            environment,
            _anomalies.statistics_beside(previous_statistics, split, "previous_statistics"),
            _anomalies.statistics_beside(serving_statistics, split, "serving_statistics"),
            _anomalies.statistics_beside(
                previous_version_statistics, split, "previous_version_statistics"
            ),
            custom,
        )
        given = _tfdv.read_of_rows(statistics, split)
        found = validate(given, reference)
        lacking = _anomalies.not_compared(given, reference, by_slice=validate_slices)
        missing += [f"split {split}: {text}" for text in lacking]
        _anomalies.write_anomalies(found, anomalies.split(split))
        judge(split, _anomalies.anomalies_in(found), severity)
        passes = NOT_COMPARED if lacking else 1
        blessed[split] = passes if _anomalies.is_blessed(found) else 0
    for text in missing:
        log.warning("not compared: %s", text)
    if missing:
        anomalies.properties["not_compared"] = missing
    anomalies.properties["blessed"] = blessed
