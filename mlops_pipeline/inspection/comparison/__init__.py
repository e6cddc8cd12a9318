"""Runs compared: what differs between any number of them, and criteria that a change has to meet.

Reads the records of many runs in few calls, also where other programs wrote or damaged them.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.inspection.comparison.compared import ComparedRun, Comparison, Row
    from mlops_pipeline.inspection.comparison.comparing import compare_runs, find_runs
    from mlops_pipeline.inspection.comparison.comparison_text import comparison_lines
    from mlops_pipeline.inspection.comparison.evaluations import ReadMetrics, read_metrics_file
    from mlops_pipeline.inspection.comparison.facts import CAUSES, KINDS
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "compared": "ComparedRun Comparison Row",
            "comparing": "compare_runs find_runs",
            "comparison_text": "comparison_lines",
            "evaluations": "ReadMetrics read_metrics_file",
            "facts": "CAUSES KINDS",
        },
    )

__all__ = [
    "CAUSES",
    "KINDS",
    "ComparedRun",
    "Comparison",
    "ReadMetrics",
    "Row",
    "compare_runs",
    "comparison_lines",
    "find_runs",
    "read_metrics_file",
]
