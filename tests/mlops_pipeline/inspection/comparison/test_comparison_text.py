"""The text of a comparison."""

from __future__ import annotations

from compared_runs import Story, manifest, model

from mlops_pipeline.inspection import Screen
from mlops_pipeline.inspection.comparison import comparison_lines
from mlops_pipeline.inspection.comparison.comparison_text import run_letters


def text(story: Story, *names: str, everything: bool = False) -> str:
    return "\n".join(comparison_lines(story.compare(*names), Screen(), everything))


def test_two_runs_stand_side_by_side(story: Story) -> None:
    for run_id, steps, auc in (("a", 5, 0.5), ("b", 6, 0.75)):
        story.run(run_id, parameters={"steps": steps, "rate": 1})
        story.node(run_id, "Train", writes={"model": model(run_id)})
        story.evaluate(run_id, {"overall": {"auc": auc}})
    lines = text(story, "a", "b").splitlines()
    assert "the models differ" in lines
    assert [line.split() for line in lines if line.startswith("  ")][-3:] == [
        ["steps", "5", "6"],
        ["A", "B", "B", "-", "A"],
        ["auc", "0.5000", "0.7500", "+0.2500"],
    ]
    assert "rate" not in text(story, "a", "b")
    assert "rate" in text(story, "a", "b", everything=True)


def test_many_runs_are_folded_to_values_and_ranges(story: Story) -> None:
    runs = [story.run(f"r{i}", parameters={"steps": i // 8}) for i in range(10)]
    for i, run_id in enumerate(runs):
        story.evaluate(run_id, {"overall": {"auc": i / 10}})
    shown = text(story, *runs)
    assert "  steps  0 x8, 1 x2" in shown
    assert "  auc  0.0000 (A) to 0.9000 (J)" in shown


def test_changed_code_is_shown_with_its_nodes(story: Story) -> None:
    for run_id, source in (("a", "f = 1\n"), ("b", "f = 2\n")):
        story.run(run_id)
        story.node(run_id, "Train", manifest=manifest(story.store, {"s.py::f": source}))
    shown = text(story, "a", "b")
    assert "s.py::f  [Train]: A " in shown
    assert "    -f = 1\n    +f = 2" in shown


def test_runs_that_do_not_differ_say_so(story: Story) -> None:
    for run_id in ("a", "b"):
        story.run(run_id, parameters={"steps": 5})
    assert text(story, "a", "b").splitlines()[-3:] == [
        "nothing differs",
        "",
        "the same: 1 parameters (--all lists them)",
    ]


def test_long_lists_of_rows_are_cut_unless_all_are_wanted(story: Story) -> None:
    for run_id in ("a", "b"):
        story.run(run_id, parameters={f"p{i}": run_id for i in range(50)})
    assert "and 10 more; --all lists them" in text(story, "a", "b")
    assert "more;" not in text(story, "a", "b", everything=True)


def test_letters_go_on_after_z() -> None:
    assert run_letters(28)[24:] == ["Y", "Z", "AA", "AB"]
