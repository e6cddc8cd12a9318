"""`SchemaGen`: infers a schema from statistics."""

from __future__ import annotations

from mlops_components.records import chosen_splits
from mlops_pipeline import Input, Output, component
from mlops_pipeline.artifacts import ExampleStatistics, Schema


@component(base_type="Process")
def SchemaGen(
    statistics: Input[ExampleStatistics],
    *,
    schema: Output[Schema],
    infer_feature_shape: bool = True,
    exclude_splits: list[str] | None = None,
) -> None:
    """Infer types, domains, presence and shapes of the features with TFDV.

    Args:
        infer_feature_shape: give a fixed shape to features that all rows have.
        exclude_splits: splits that the schema does not have to fit.
    """
    from mlops_components.statistics import _tfdv

    splits = chosen_splits(statistics.splits, excluded=exclude_splits or ())
    found = (_tfdv.read_of_rows(statistics, split) for split in splits)
    _tfdv.write_schema(_tfdv.infer_schema(found, infer_feature_shape), schema)
