"""`StatisticsGen`: describes every feature of every split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlops_components.engines import Engine, choose
from mlops_components.records import RECORDED, PayloadFormat, chosen_splits, files_of_split
from mlops_pipeline import Input, Output, Unkeyed, component
from mlops_pipeline.artifacts import Examples, ExampleStatistics, Schema
from mlops_pipeline.errors import ParameterError

_TAKES = (PayloadFormat.TF_EXAMPLE, PayloadFormat.TF_SEQUENCE_EXAMPLE)


@component(base_type="Process")
def StatisticsGen(
    examples: Input[Examples],
    schema: Input[Schema] | None = None,
    *,
    statistics: Output[ExampleStatistics],
    stats_options: dict[str, Any] | str | None = None,
    exclude_splits: list[str] | None = None,
    sample_rate_by_split: dict[str, float] | None = None,
    sharded_stats_output: bool = False,
    engine: Unkeyed[Engine] = "auto",
    beam_pipeline_args: Unkeyed[list[str] | None] = None,
) -> None:
    """Compute statistics of every feature of every split with TFDV.

    Args:
        stats_options: arguments of `tfdv.StatsOptions` by name, or its JSON.
        exclude_splits: splits that are left out.
        sample_rate_by_split: share of the rows that counts, by split.
        sharded_stats_output: write the statistics as TFRecords, too.
        engine: `memory`, `beam`, or `auto`, which goes by the size of the examples.
        beam_pipeline_args: options of Beam and its runner.
    """
    from mlops_components.statistics import _compute, _options, _tfdv

    expected = _tfdv.read_schema(schema) if schema else None
    options = _options.options_from(stats_options, expected)
    names = chosen_splits(examples.splits, excluded=exclude_splits or ())
    rates = _sample_rates(names, options.sample_rate or 1.0, sample_rate_by_split or {})
    files = {name: files_of_split(examples, name, takes=_TAKES) for name in names}
    choice = choose(
        engine,
        [file for found in files.values() for file in found],
        beam_pipeline_args,
        only_beam=_options.only_beam(options),
    )
    statistics.set_splits(names)
    statistics.properties["span"] = examples.properties.get("span", 0)
    statistics.properties["sample_rate_by_split"] = rates
    statistics.properties["stats_dashboard_link"] = ""
    statistics.properties[RECORDED] = {n: r for n in names if (r := files[n].rows) is not None}
    choice.note(statistics)
    payload = str(examples.properties.get("payload_format") or PayloadFormat.TF_EXAMPLE)
    work = _compute.StatisticsWork(options, payload, sharded_stats_output)
    splits = [_compute.Split(files[n], rates[n], statistics.split(n)) for n in names]
    if choice.is_beam:
        _compute.with_beam(work, splits, beam_pipeline_args)
    else:
        _compute.in_memory(work, splits)


def _sample_rates(
    names: Sequence[str], rate: float, by_split: Mapping[str, float]
) -> dict[str, Any]:
    chosen_splits(names, list(by_split))
    rates = {name: by_split.get(name, rate) for name in names}
    for name, share in rates.items():
        if not 0 < share <= 1:
            raise ParameterError(
                f"the sample rate of split {name!r} is {share:g}",
                hint="give a share above 0, and 1 at most",
            )
    return dict(rates)
