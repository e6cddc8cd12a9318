"""`ExampleValidator`: compares statistics with a schema and records what is wrong."""

from __future__ import annotations

import logging

from mlops_components.examples import chosen_splits
from mlops_pipeline import Input, Output, component
from mlops_pipeline.artifacts import ExampleAnomalies, ExampleStatistics, Schema

log = logging.getLogger(__name__)


@component(base_type="Process")
def ExampleValidator(
    statistics: Input[ExampleStatistics],
    schema: Input[Schema],
    *,
    anomalies: Output[ExampleAnomalies],
    exclude_splits: list[str] | None = None,
) -> None:
    """Record where the data does not fit the schema; never fails the run for it.

    The property `blessed` says for each split whether it has no anomalies (1) or some (0).
    """
    from mlops_components import _tfdv

    expected = _tfdv.read_schema(schema)
    splits = chosen_splits(statistics.splits, excluded=exclude_splits or ())
    anomalies.set_splits(splits)
    anomalies.properties["span"] = statistics.properties.get("span", 0)
    blessed = {}
    for split in splits:
        found = _tfdv.validate(
            _tfdv.read_statistics(statistics, split), expected, anomalies.split(split)
        )
        for name, anomaly in sorted(found.anomaly_info.items()):
            log.warning("split %s: %s: %s", split, name, anomaly.description)
        blessed[split] = int(not found.anomaly_info and not found.HasField("dataset_anomaly_info"))
    anomalies.properties["blessed"] = blessed
