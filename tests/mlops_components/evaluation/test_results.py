"""Evaluations in memory against the same on Beam, and what the memory engine adds."""

from typing import Any

import pytest
from evaluated_trips import (
    Load,
)

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def test_reasons_tell_slices_cross_slices_and_what_is_missing(
    tips: dict[str, Any], load: Load
) -> None:
    reasons = tips["blessing"].properties["reasons"]
    assert tips["blessing"].properties["blessed"] == 0
    assert any(line.startswith("mean_prediction of all is 0.4") for line in reasons)
    assert any(line.startswith("mean_prediction of all minus payment=") for line in reasons)
    assert any("no example is in the slice" in line and "Gold" in line for line in reasons)
    result = load(tips["evaluation"])
    assert result.reasons == reasons
    assert result.blessed is False
    assert [each.slice["payment"] for each in result.cross_slices] == ["Card", "Cash", "Prepaid"]
    assert list(result.plots[0][1]) == ["calibrationHistogramBuckets"]
    assert tips["evaluation"].properties["engine"] == "memory"
