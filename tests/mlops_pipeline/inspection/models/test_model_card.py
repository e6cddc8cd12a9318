"""Model cards."""

from __future__ import annotations

from mlops_pipeline.inspection.models.intervals import Interval
from mlops_pipeline.inspection.models.model_card import card_text, interval_text
from mlops_pipeline.inspection.models.model_report import ModelReport


def test_names_are_text_and_no_markup() -> None:
    name = "<img src=x> [a](javascript:b) | `c` \n# d \u202e"
    card = card_text(ModelReport(1, name, name, "LIVE", 0.0, {}, None))
    assert "\\<img src\\=x\\>" in card or "\\<img src=x\\>" in card
    assert "](javascript" not in card
    assert "\n# d" not in card
    assert "\u202e" not in card


def test_a_model_of_which_nothing_is_known_has_a_card() -> None:
    card = card_text(ModelReport(7, "/m", "", "LIVE", 0.0, {}, None))
    for said in ("model 7", "does not know what made it", "has not been evaluated"):
        assert said in card


def test_a_long_value_is_cut_and_says_how_long_it_is() -> None:
    card = card_text(ModelReport(1, "x" * 1_000_000, "", "LIVE", 0.0, {}, None))
    assert len(card) < 1_000
    assert "1,000,000 characters" in card


def test_an_interval_that_is_none_is_a_dash() -> None:
    assert interval_text(Interval(0.25, 0.5)) == "0.2500 to 0.5000"
    assert interval_text(Interval(why="no formula")) == "-"
