"""What is said at the end of a run, and while it goes on."""

from __future__ import annotations

import pytest

from mlops_pipeline.inspection import (
    Screen,
    Table,
    ago,
    lines,
    number,
    one_line,
    seconds,
    size,
)

PLAIN = Screen()


def test_a_table_fits_the_screen_by_cutting_its_last_columns_first() -> None:
    table = Table(("a", "b", "c"), [("x", "y" * 50, "z" * 20)], tails=frozenset({"c"}))
    assert lines(table, Screen(width=40))[1] == f"x  {'y' * 22}…  …{'z' * 11}"
    table = Table(("a", "b"), [("x", "y" * 50)])
    assert lines(table, Screen(width=20)) == ["a  b", "x  " + "y" * 16 + "…"]
    assert lines(table, PLAIN)[1] == "x  " + "y" * 50


def test_colours_are_only_on_screens_that_have_them() -> None:
    table = Table(("a",), [("run",)], styles={"a": {"run": "green"}})
    assert "\033" not in "".join(lines(table, PLAIN))
    assert "\033[32mrun\033[0m" in lines(table, Screen(colour=True))[1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0123, "12 ms"),
        (1.5, "1.50 s"),
        (12.34, "12.3 s"),
        (185, "3 min 05 s"),
        (7800, "2 h 10 min"),
    ],
)
def test_durations_are_short(value: float, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("passed", "text"),
    [(5, "just now"), (300, "5 min ago"), (7300, "2 h ago"), (90_000, "1 day ago")],
)
def test_moments_are_told_by_their_age(passed: float, text: str) -> None:
    assert ago(1_000_000, 1_000_000 + passed) == text
    assert ago(0) == "-"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.97, "0.9700"),
        (37, "37"),
        (1234.5, "1234"),
        (float("nan"), "nan"),
        (True, "true"),
        (3e-7, "3e-07"),
    ],
)
def test_metrics_have_four_places(value: float, text: str) -> None:
    assert number(value) == text


def test_values_are_cut_to_a_line() -> None:
    assert one_line("a\nb") == "a b"
    assert one_line([1, {"x": None}]) == '[1, {"x": null}]'
    assert len(one_line("x" * 500)) == 60
    assert (size(812), size(3_140_000)) == ("812 B", "3.1 MB")
