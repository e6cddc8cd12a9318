"""Files for continuous integration."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from mlops_pipeline.retraining import (
    RetrainOutcome,
    RetrainResult,
    result_as_junit,
    result_as_markdown,
)


@pytest.mark.parametrize(
    ("outcome", "tag"),
    [
        (RetrainOutcome.ROLLED_OUT, "system-out"),
        (RetrainOutcome.NOT_BETTER, "system-out"),
        (RetrainOutcome.NOT_NEEDED, "skipped"),
        (RetrainOutcome.FAILED, "failure"),
    ],
)
def test_junit_fails_only_where_the_training_has_failed(outcome: RetrainOutcome, tag: str) -> None:
    why = 'it <says> "so" & \x00 more'
    suite = ET.fromstring(result_as_junit(RetrainResult("daily", outcome, why, seconds=1.5)))
    (case,) = suite
    assert (case.get("name"), case[0].tag) == ("daily", tag)
    assert suite.get("failures") == str(int(outcome == RetrainOutcome.FAILED))
    told = case[0].get("message") or case[0].text or ""
    assert told == 'it <says> "so" &  more'


def test_markdown_has_a_hidden_marker_and_no_markup_of_others() -> None:
    why = "<script> | @everyone\nhttps://x.test"
    text = result_as_markdown(RetrainResult("daily", RetrainOutcome.FAILED, why, "daily-1"))
    assert text.startswith("<!-- mlops-retrain -->\n### Retraining: failed\n")
    row = next(line for line in text.splitlines() if line.startswith("| why"))
    for each in ("<script>", "@", "://", "| @"):
        assert each not in row
