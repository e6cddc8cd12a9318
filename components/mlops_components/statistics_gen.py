"""`StatisticsGen`: describes every feature of every split."""

from __future__ import annotations

from typing import Any

from mlops_components.examples import chosen_splits, read_batches, split_files
from mlops_pipeline import Input, Output, component
from mlops_pipeline.artifacts import Examples, ExampleStatistics, Schema


@component(base_type="Process")
def StatisticsGen(
    examples: Input[Examples],
    schema: Input[Schema] | None = None,
    *,
    statistics: Output[ExampleStatistics],
    stats_options: dict[str, Any] | str | None = None,
    exclude_splits: list[str] | None = None,
) -> None:
    """Compute statistics of every feature of every split with TFDV.

    Args:
        stats_options: arguments of `tfdv.StatsOptions` by name, or its JSON.
        exclude_splits: splits that are left out.
    """
    from mlops_components import _tfdv

    expected = _tfdv.read_schema(schema) if schema else None
    options = _tfdv.options_from(stats_options, expected)
    splits = chosen_splits(examples.splits, excluded=exclude_splits or ())
    statistics.set_splits(splits)
    statistics.properties["span"] = examples.properties.get("span", 0)
    for split in splits:
        batches = read_batches(split_files(examples, split), schema=options.schema)
        _tfdv.write_statistics(_tfdv.describe(batches, options), statistics.split(split))
