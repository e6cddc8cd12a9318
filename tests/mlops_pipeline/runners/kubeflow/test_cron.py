"""Run parameters on their way to Kubeflow and back, and the times of its schedules."""

from __future__ import annotations

import pytest

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.runners.kubeflow import (
    trigger,
)
from mlops_pipeline.runners.kubeflow.cron import interval, six_fields


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("30 3 * * MON-FRI", "0 30 3 * * MON-FRI"),
        ("*/15 * * * *", "0 */15 * * * *"),
        ("0 0 9 ? * 1-5", "0 0 9 ? * 1-5"),
        ("0 6,18 1 jan *", "0 0 6,18 1 JAN *"),
        ("@weekly", "0 0 0 * * 0"),
    ],
)
def test_cron_texts_get_six_fields(text: str, fields: str) -> None:
    assert six_fields(text) == fields


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0 3 * *", "has 4 fields"),
        ("0 24 * * *", "24 is not between 0 and 23"),
        ("0 3 * * 7", "7 is not between 0 and 6"),
        ("0 5-3 * * *", "ends before it begins"),
        ("*/0 * * * *", "a step of 0"),
        ("a b c d e", "is not between 0 and 59"),
        ("0 3 * * MON#2", "is not understood"),
        ("@fortnightly", "is not known"),
    ],
)
def test_cron_texts_that_kubeflow_would_refuse_are_told(text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        six_fields(text)


def test_intervals_have_units() -> None:
    assert [interval(text) for text in ("90", "15m", "6h", "1d")] == [90, 900, 21600, 86400]
    for text in ("0", "soon", "1.5h", "-3"):
        with pytest.raises(SettingsError, match="no time between runs"):
            interval(text)
    with pytest.raises(SettingsError, match="one of --cron and --every"):
        trigger("", "")
    assert str(trigger("", "1h")) == "every 3600 s"
