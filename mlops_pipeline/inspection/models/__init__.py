"""A model as the store knows it: where it comes from, how it does by slice, what its plots say.

Numbers have sample sizes and intervals where there are some, and what chance can explain is told
apart. Formulas stand with their sources where they are used. Files are read by a given function.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.inspection.models.change import (
        MetricChange,
        SliceChange,
        compare_evaluations,
    )
    from mlops_pipeline.inspection.models.directions import direction_of
    from mlops_pipeline.inspection.models.evaluation_file import (
        Evaluation,
        ReadFile,
        SliceMetrics,
        read_evaluation,
    )
    from mlops_pipeline.inspection.models.intervals import Interval, interval_of
    from mlops_pipeline.inspection.models.significance import CORRECTION
    from mlops_pipeline.inspection.models.slices import SliceRow, SliceTable, rank_slices
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "change": "MetricChange SliceChange compare_evaluations",
            "directions": "direction_of",
            "evaluation_file": "Evaluation ReadFile SliceMetrics read_evaluation",
            "intervals": "Interval interval_of",
            "significance": "CORRECTION",
            "slices": "SliceRow SliceTable rank_slices",
        },
    )

__all__ = [
    "CORRECTION",
    "Evaluation",
    "Interval",
    "MetricChange",
    "ReadFile",
    "SliceChange",
    "SliceMetrics",
    "SliceRow",
    "SliceTable",
    "compare_evaluations",
    "direction_of",
    "interval_of",
    "rank_slices",
    "read_evaluation",
]
