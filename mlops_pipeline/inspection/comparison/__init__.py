"""Runs compared: what differs between any number of them, and criteria that a change has to meet.

Reads the records of many runs in few calls, also where other programs wrote or damaged them.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.inspection.comparison.compared import ComparedRun, Comparison, Row
    from mlops_pipeline.inspection.comparison.comparing import (
        compare_runs,
        find_runs,
        overall_metrics,
    )
    from mlops_pipeline.inspection.comparison.comparison_files import (
        as_html,
        as_junit,
        as_markdown,
        html_page,
        html_table,
        html_text,
        markdown_table,
        markdown_text,
    )
    from mlops_pipeline.inspection.comparison.comparison_text import (
        comparison_lines,
        run_letters,
        section_table,
        section_title,
    )
    from mlops_pipeline.inspection.comparison.criteria import (
        FAILED,
        REFUSED,
        Check,
        Criterion,
        Judged,
        judge,
        judged_lines,
        parse_criterion,
    )
    from mlops_pipeline.inspection.comparison.evaluations import (
        ReadMetrics,
        as_number,
        read_metrics_file,
    )
    from mlops_pipeline.inspection.comparison.facts import CAUSES, KINDS
    from mlops_pipeline.inspection.comparison.run_records import Link, read_records
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "compared": "ComparedRun Comparison Row",
            "comparing": "compare_runs find_runs overall_metrics",
            "comparison_files": "as_html as_junit as_markdown html_page html_table html_text "
            "markdown_table markdown_text",
            "comparison_text": "comparison_lines run_letters section_table section_title",
            "criteria": "Check Criterion FAILED Judged REFUSED judge judged_lines parse_criterion",
            "evaluations": "ReadMetrics as_number read_metrics_file",
            "facts": "CAUSES KINDS",
            "run_records": "Link read_records",
        },
    )

__all__ = [
    "CAUSES",
    "FAILED",
    "KINDS",
    "REFUSED",
    "Check",
    "ComparedRun",
    "Comparison",
    "Criterion",
    "Judged",
    "Link",
    "ReadMetrics",
    "Row",
    "as_html",
    "as_junit",
    "as_markdown",
    "as_number",
    "compare_runs",
    "comparison_lines",
    "find_runs",
    "html_page",
    "html_table",
    "html_text",
    "judge",
    "judged_lines",
    "markdown_table",
    "markdown_text",
    "overall_metrics",
    "parse_criterion",
    "read_metrics_file",
    "read_records",
    "run_letters",
    "section_table",
    "section_title",
]
