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
        local_files,
        read_evaluation,
    )
    from mlops_pipeline.inspection.models.intervals import Interval, interval_of
    from mlops_pipeline.inspection.models.model_card import card_text
    from mlops_pipeline.inspection.models.model_report import (
        Made,
        ModelReport,
        Results,
        read_model,
    )
    from mlops_pipeline.inspection.models.origins import data_behind, find_made_model, maker_of
    from mlops_pipeline.inspection.models.plots import CALIBRATION, CONFUSION, CURVE, Plot
    from mlops_pipeline.inspection.models.significance import CORRECTION
    from mlops_pipeline.inspection.models.slices import SliceRow, SliceTable, rank_slices
    from mlops_pipeline.inspection.models.thresholds import Threshold
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "change": "MetricChange SliceChange compare_evaluations",
            "directions": "direction_of",
            "evaluation_file": "Evaluation ReadFile SliceMetrics local_files read_evaluation",
            "intervals": "Interval interval_of",
            "model_card": "card_text",
            "model_report": "Made ModelReport Results read_model",
            "origins": "data_behind find_made_model maker_of",
            "plots": "CALIBRATION CONFUSION CURVE Plot",
            "significance": "CORRECTION",
            "slices": "SliceRow SliceTable rank_slices",
            "thresholds": "Threshold",
        },
    )

__all__ = [
    "CALIBRATION",
    "CONFUSION",
    "CORRECTION",
    "CURVE",
    "Evaluation",
    "Interval",
    "Made",
    "MetricChange",
    "ModelReport",
    "Plot",
    "ReadFile",
    "Results",
    "SliceChange",
    "SliceMetrics",
    "SliceRow",
    "SliceTable",
    "Threshold",
    "card_text",
    "compare_evaluations",
    "data_behind",
    "direction_of",
    "find_made_model",
    "interval_of",
    "local_files",
    "maker_of",
    "rank_slices",
    "read_evaluation",
    "read_model",
]
