"""Weights of examples, as statistics take them: one finite number of 0 or more in each example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from mlops_pipeline.errors import ExecutorError


def weights_of(options: Any) -> list[str]:
    """Return the features that `tfdv.StatsOptions` name as weights."""
    by_feature = getattr(options, "_per_feature_weight_override", None) or {}
    names = [options.weight_feature, *by_feature.values()]
    return sorted({name for name in names if name})


def checked(batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
    """Return a batch of examples, if statistics can be weighted by these features.

    Raises:
        ExecutorError: a weight is missing, negative, NaN or infinite; names the feature and the
            number of examples.
    """
    for name in names:
        there = name in batch.schema.names and not pa.types.is_null(batch.column(name).type)
        cells = batch.column(name) if there else pa.nulls(batch.num_rows, pa.list_(pa.float32()))
        lengths = cells.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        _raise_if(name, lengths == 0, "no weight")
        _raise_if(name, lengths > 1, "several weights")
        values = cells.flatten()
        if not (pa.types.is_floating(values.type) or pa.types.is_integer(values.type)):
            _raise_if(name, lengths > 0, "a text as weight")
            continue
        numbers = values.to_numpy(zero_copy_only=False)
        _raise_if(
            name, ~(np.isfinite(numbers) & (numbers >= 0)), "a weight below 0, NaN or infinite"
        )
    return batch


def _raise_if(name: str, wrong: Any, what: str) -> None:
    if wrong.any():
        raise ExecutorError(
            f"the weight feature {name!r}: {int(wrong.sum())} of {len(wrong)} examples of a batch "
            f"have {what}",
            hint="give each example one weight of 0 or more, or leave the example out",
            retryable=False,
        )
