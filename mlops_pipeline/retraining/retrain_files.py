"""What a policy did, as files for continuous integration: JUnit XML and Markdown."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from mlops_pipeline.inspection.comparison import markdown_text
from mlops_pipeline.retraining.training import RetrainOutcome, RetrainResult

MARKER = "<!-- mlops-retrain -->"
"""Hidden first line of the Markdown, by which a comment is found again."""


def result_as_junit(result: RetrainResult) -> str:
    """Return JUnit XML: one case, which fails if the training has failed."""
    failed = result.outcome == RetrainOutcome.FAILED
    inside = {
        RetrainOutcome.FAILED: f"<failure message={quoteattr(_clean(result.why))}/>",
        RetrainOutcome.NOT_NEEDED: f"<skipped message={quoteattr(_clean(result.why))}/>",
    }.get(result.outcome, f"<system-out>{escape(_clean(result.why))}</system-out>")
    skipped = int(result.outcome == RetrainOutcome.NOT_NEEDED)
    name, seconds = quoteattr(_clean(result.policy)), f"{result.seconds:.3f}"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuite name="mlops retrain" tests="1" failures="{int(failed)}" skipped="{skipped}">'
        f'<testcase classname="retrain" name={name} time="{seconds}">{inside}</testcase>'
        "</testsuite>\n"
    )


def result_as_markdown(result: RetrainResult) -> str:
    """Return a summary for a pull request or a job."""
    rows = [
        ("policy", result.policy),
        ("outcome", str(result.outcome)),
        ("why", result.why),
        ("trigger", result.trigger),
        ("run", result.run),
        ("version", f"v{result.version}" if result.version else ""),
        ("seconds", f"{result.seconds:.0f}" if result.seconds else ""),
    ]
    lines = [f"| {name} | {markdown_text(value)} |" for name, value in rows if value]
    return "\n".join(
        [MARKER, f"### Retraining: {result.outcome}", "| | |", "|---|---|", *lines, ""]
    )


def _clean(text: str) -> str:
    """Return a text without characters that XML does not have."""
    return "".join(c for c in text if c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff"))
