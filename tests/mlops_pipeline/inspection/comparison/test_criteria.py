"""Criteria: what they mean, when they fail, and that none passes for want of numbers."""

from __future__ import annotations

from typing import Any

import pytest
from compared_runs import Story

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.inspection.comparison import Judged, judge, judged_lines, parse_criterion


def metrics(overall: dict[str, Any], **by_country: Any) -> dict[str, Any]:
    slices = [{"slice": {"country": key}, "metrics": {"auc": v}} for key, v in by_country.items()]
    return {"overall": overall, "slices": slices}


def held(story: Story, text: str, *documents: Any) -> Judged:
    """Return the outcome of a criterion over runs with these metrics."""
    runs = [story.run(f"r{number}") for number in range(len(documents))]
    for run_id, document in zip(runs, documents, strict=True):
        if document is not None:
            story.evaluate(run_id, document)
    (found,) = judge(story.compare(*runs), [parse_criterion(text)])
    return found


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("auc < -0.01", "failed"),
        ("auc < -0.2", "passed"),
        ("auc<-0.1", "passed"),  # It is exactly that, up to rounding.
        ("auc <= -0.1", "failed"),
        ("auc < -10%", "failed"),
        ("auc < -12%", "passed"),
        ("value of auc < 0.9", "failed"),
        ("value  of  auc < .8", "passed"),
        ("value of auc >= 8e-1", "failed"),
        ('"auc" > 0', "passed"),
        ("loss > 5%", "failed"),
    ],
)
def test_a_criterion_holds_a_difference_or_a_value_against_a_limit(
    story: Story, text: str, outcome: str
) -> None:
    before, after = {"auc": 0.9, "loss": -1.0}, {"auc": 0.8, "loss": -0.9}
    assert held(story, text, metrics(before), metrics(after)).outcome == outcome


@pytest.mark.parametrize(
    "text",
    [
        "",
        "auc",
        "auc < nan",
        "auc < 1e999",
        "auc < ",
        "< 1",
        "auc == 1",
        "auc by < 1",
        "auc by a,,b < 1",
        "auc << 1",
        "auc < 0,01",
        "value of auc < 3%",
        "two words < 1",
    ],
)
def test_a_text_that_is_no_criterion_is_refused(text: str) -> None:
    with pytest.raises(ParameterError):
        parse_criterion(text)


def test_one_bad_slice_fails_though_the_average_gains(story: Story) -> None:
    documents = metrics({"auc": 0.8}, DE=0.9, FR=0.5), metrics({"auc": 0.85}, DE=0.7, FR=0.9)
    found = held(story, "auc by country < -0.01", *documents)
    assert (found.outcome, [check.name for check in found.failed]) == (
        "failed",
        ["auc, country=DE"],
    )
    assert list(judged_lines([found])) == [
        "failed: fails if auc by country < -0.01, 2 checked",
        "  auc, country=DE: 0.9000 -> 0.7000 (-0.2000)",
    ]


def test_slices_are_meant_by_exactly_their_features(story: Story) -> None:
    both = [{"slice": {"country": "DE", "sex": "f"}, "metrics": {"auc": value}} for value in (1, 0)]
    documents = [{"overall": {"auc": 1}, "slices": [each]} for each in both]
    assert held(story, "auc by sex, country < 0", *documents).outcome == "failed"
    assert held(story, "auc by * < 0", *documents).outcome == "failed"
    refused = held(story, "auc by country < 0", *documents)
    assert (refused.outcome, refused.hint) == ("refused", "it has slices by country, sex")


@pytest.mark.parametrize(
    ("text", "before", "after", "said"),
    [
        ("acu < 0", {"auc": 1}, {"auc": 1}, "there is no metric 'acu' in these runs"),
        ("auc < 0", {"auc": 1}, {"loss": 1}, "run r1 has no metric 'auc'"),
        ("auc < 0", {"loss": 1}, {"auc": 1}, "run r0 has no metric 'auc'"),
        ("auc by country < 0", {"auc": 1}, {"auc": 1}, "there is no metric 'auc' by 'country'"),
        ("auc < 0", {"auc": None}, {"auc": 1}, "nothing of run r1 can be compared"),
        ("auc < 0", {"auc": None}, {"auc": None}, "nothing of run r1 can be compared"),
        ("auc < 0", {"auc": {"a": 1}}, {"auc": {"a": 2}}, "nothing of run r1 can be compared"),
    ],
)
def test_a_comparison_over_nothing_is_refused_by_name(
    story: Story, text: str, before: dict[str, Any], after: dict[str, Any], said: str
) -> None:
    found = held(story, text, metrics(before), metrics(after))
    assert found.outcome == "refused"
    assert found.reason.startswith(said)


def test_a_run_without_an_evaluation_is_refused_with_the_reason(story: Story) -> None:
    found = held(story, "auc < 0", metrics({"auc": 1}), None)
    assert (found.outcome, found.reason) == ("refused", "run r1 has no metric 'auc'")


def test_a_file_of_metrics_that_cannot_be_read_is_the_reason(story: Story) -> None:
    found = held(story, "auc < 0", metrics({"auc": 1}), "{")
    assert found.hint == "Evaluate: its metrics cannot be read: JSONDecodeError"


def test_new_slices_are_left_out_and_slices_that_are_gone_fail(story: Story) -> None:
    documents = metrics({"auc": 1}, DE=0.5, FR=0.5), metrics({"auc": 1}, DE=0.5, IT=0.5)
    found = held(story, "auc by country < -0.01", *documents)
    assert {check.name[-2:]: (check.outcome, check.reason) for check in found.checks} == {
        "DE": ("passed", ""),
        "FR": ("failed", "it is no longer there"),
        "IT": ("left out", "it is new"),
    }


def test_a_number_that_became_none_fails_and_one_that_never_was_is_left_out(story: Story) -> None:
    documents = metrics({}, a=None, b=0.5, c=1), metrics({}, a=float("nan"), b=float("nan"), c=1)
    found = held(story, "auc by country < -0.01", *documents)
    outcomes = {check.name[-1]: check.outcome for check in found.checks}
    assert outcomes == {"a": "left out", "b": "failed", "c": "passed"}


def test_each_later_run_is_held_against_the_first(story: Story) -> None:
    documents = [metrics({"auc": value}) for value in (0.5, 0.6, 0.4)]
    found = held(story, "auc < -0.01", *documents)
    assert [check.run for check in found.failed] == ["r2"]


def test_a_share_of_nothing_fails_unless_nothing_changed(story: Story) -> None:
    zero, one = metrics({"auc": 0}), metrics({"auc": 1})
    assert held(story, "auc > 5%", zero, one).outcome == "failed"
    assert held(story, "auc > 5%", zero, zero).outcome == "passed"


def test_every_evaluation_of_a_run_counts(story: Story) -> None:
    for run_id, second in (("a", 0.9), ("b", 0.1)):
        story.run(run_id)
        story.evaluate(run_id, metrics({"auc": 0.5}), node="First")
        story.evaluate(run_id, metrics({"auc": second}), node="Second")
    (found,) = judge(story.compare("a", "b"), [parse_criterion("auc < -0.01")])
    assert [check.name for check in found.failed] == ["Second: auc"]
