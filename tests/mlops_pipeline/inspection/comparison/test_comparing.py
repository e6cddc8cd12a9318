"""What differs between runs, and what of it can have made their models differ."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from compared_runs import Story, examples, manifest, model, names, row
from page_runs import hostile_reader

from mlops_pipeline.errors import NotFoundError, PipelineError
from mlops_pipeline.inspection.comparison import compare_runs, find_runs
from mlops_pipeline.store import Run, State, open_store


def test_equal_runs_do_not_differ(story: Story) -> None:
    for run_id in ("a", "b"):
        story.run(run_id, parameters={"steps": 5, "rate": float("nan")})
        story.node(run_id, "Train", parameters={"steps": 5}, writes={"model": model("m")})
    found = story.compare("a", "b")
    assert found.differing == []
    assert found.verdict == "the models are the same, byte for byte"


def test_causes_come_in_order_and_without_what_no_model_depends_on(story: Story) -> None:
    for run_id, text in (("a", "x = 1\n"), ("b", "x = 2\n")):
        story.run(run_id)
        data = story.node(run_id, "Gen", writes={"examples": examples(f"data-{run_id}")})
        trained = story.node(
            run_id,
            "Train",
            reads={"examples": [data["examples"]]},
            writes={"model": model(run_id)},
            parameters={"steps": len(text) if run_id == "a" else 9},
            manifest=manifest(story.store, {"steps.py::x": text}, packages={"numpy": run_id}),
        )
        story.node(run_id, "Push", reads={"model": [trained["model"]]}, parameters={"to": run_id})
    found = story.compare("a", "b")
    assert found.verdict == "the models differ"
    assert names(found.causes) == [
        "data Gen.examples",
        "code steps.py::x",
        "parameter Train.steps",
        "package numpy",
    ]
    assert not row(found, "parameter", "Push.to").reaches_model


def test_changed_code_comes_with_its_lines(story: Story) -> None:
    for run_id, text in (("a", "x = 1\ny = 5\n"), ("b", "x = 1\ny = 6\n"), ("c", "x = 1\ny = 5\n")):
        story.run(run_id)
        story.node(run_id, "Train", manifest=manifest(story.store, {"steps.py::y": text}))
    changed = row(story.compare("a", "b", "c"), "code", "steps.py::y")
    assert "steps.py:2" in changed.diffs[1]
    assert "-y = 5\n+y = 6" in changed.diffs[1]
    assert (changed.diffs[0], changed.diffs[2], changed.nodes) == ("", "", ("Train",))


def test_models_that_differ_for_no_recorded_reason_are_named_so(story: Story) -> None:
    for run_id in ("a", "b"):
        story.run(run_id)
        story.node(run_id, "Train", writes={"model": model(run_id)})
    found = story.compare("a", "b")
    assert found.causes == []
    assert found.verdict.startswith("the models differ, and nothing that is recorded")


def test_a_parameter_of_the_run_that_nodes_hand_on_is_one_row(story: Story) -> None:
    for run_id, steps in (("a", 5), ("b", 6)):
        story.run(run_id, parameters={"steps": steps})
        story.node(run_id, "Train", parameters={"steps": steps}, writes={"model": model(run_id)})
        story.node(run_id, "Push", parameters={"to": "x"})
    assert names(story.compare("a", "b").causes) == ["parameter steps"]


def test_a_warm_start_from_another_model_is_a_cause(story: Story) -> None:
    story.run("old")
    bases = [story.node("old", f"T{i}", writes={"model": model(f"m{i}")})["model"] for i in (1, 2)]
    for run_id, base in zip(("a", "b"), bases, strict=True):
        story.run(run_id)
        story.node(
            run_id, "Latest", reads={"m": [base]}, writes={"m": story.store.artifacts([base])[0]}
        )
        story.node(run_id, "Train", reads={"base": [base]}, writes={"model": model(run_id)})
    carried = row(story.compare("a", "b"), "carry-over", "Train.base")
    assert [value[0]["run"] for value in carried.values] == ["old", "old"]
    assert names(story.compare("a", "b").causes) == ["carry-over Train.base"]


def test_equal_bytes_of_other_runs_are_no_difference(story: Story) -> None:
    for run_id in ("a", "b"):
        story.run(f"old-{run_id}")
        base = story.node(f"old-{run_id}", "Train", writes={"model": model("same")})["model"]
        story.run(run_id)
        story.node(run_id, "Train", reads={"base": [base]})
    assert not row(story.compare("a", "b"), "carry-over", "Train.base").differs


def test_a_node_that_did_not_come_about_does_not_make_its_facts_differ(story: Story) -> None:
    for run_id in ("a", "b"):
        story.run(run_id)
        story.node(run_id, "Gen", writes={"examples": examples("d", num_examples={"train": 3})})
    story.node(
        "a", "Train", parameters={"steps": 1}, manifest=manifest(story.store, {"s.py::f": "f = 1"})
    )
    found = story.compare("a", "b")
    assert names(found.differing) == ["decision Train"]
    assert row(found, "decision", "Train").absent == (1,)


def test_a_node_that_failed_has_no_data_that_could_differ(story: Story) -> None:
    for run_id in ("a", "b"):
        story.run(run_id)
    story.node("a", "Gen", writes={"examples": examples("d")})
    story.node("b", "Gen", state=State.FAILED)
    assert names(story.compare("a", "b").differing) == ["decision Gen"]


def test_code_that_one_run_does_not_record_is_unknown_and_not_changed(story: Story) -> None:
    story.run("ours")
    story.node("ours", "Train", manifest=manifest(story.store, {"s.py::f": "f = 1"}))
    story.run("tfx", properties={"imported_from": "x"})
    story.node("tfx", "Train", manifest="{damaged")
    found = story.compare("ours", "tfx")
    assert found.differing == []
    assert "code and packages are not recorded in tfx" in found.notes


def test_runs_of_different_pipelines_are_compared_and_named(story: Story) -> None:
    story.run("a", "one", parameters={"x": 1})
    story.run("b", "other", parameters={"x": 2})
    found = story.compare("a", "b")
    assert found.notes[0] == "the runs are of 2 pipelines: one, other"
    assert names(found.differing) == ["parameter x"]


def test_metrics_have_their_change_and_stand_by_slice(story: Story) -> None:
    for run_id, auc in (("a", 0.9), ("b", 0.8)):
        slices = [{"slice": {"country": "DE"}, "metrics": {"auc": auc / 2}}]
        story.run(run_id)
        story.evaluate(run_id, {"overall": {"auc": auc, "bad": float("nan")}, "slices": slices})
    found = story.compare("a", "b")
    assert names(found.metrics) == ["metric auc", "metric auc, country=DE"]
    assert found.metrics[0].changes == (0.0, pytest.approx(-0.1))
    assert found.metrics[1].where == {"country": "DE"}
    assert row(found, "metric", "bad").values == ("nan", "nan")


def test_names_of_evaluating_nodes_count_only_where_there_are_several(story: Story) -> None:
    story.run("a")
    story.evaluate("a", {"overall": {"auc": 0.5}}, node="Evaluator")
    story.run("b")
    story.evaluate("b", {"overall": {"auc": 0.5}}, node="Check")
    assert not row(story.compare("a", "b"), "metric", "auc").differs
    story.evaluate("b", {"overall": {"auc": 0.7}}, node="Second")
    assert names([r for r in story.compare("a", "b").rows if r.kind == "metric"]) == [
        "metric Check: auc",
        "metric Evaluator: auc",
        "metric Second: auc",
    ]


def test_a_slice_that_is_gone_differs_and_an_evaluation_that_is_gone_does_not(story: Story) -> None:
    slices = [{"slice": {"country": "DE"}, "metrics": {"auc": 0.5}}]
    for run_id, found in (("a", slices), ("b", []), ("c", None)):
        story.run(run_id)
        if found is not None:
            story.evaluate(run_id, {"overall": {"auc": 0.5}, "slices": found})
    assert names(story.compare("a", "b").metrics) == ["metric auc, country=DE"]
    assert story.compare("a", "c").metrics == []
    assert "there are no metrics in c" in story.compare("a", "c").notes


def test_short_times_and_small_changes_of_times_do_not_differ(story: Story) -> None:
    for run_id, seconds in (("a", 1.0), ("b", 1.9), ("c", 30.0)):
        story.run(run_id)
        story.node(run_id, "Train", started=100.0, finished=100.0 + seconds)
    assert not row(story.compare("a", "b"), "duration", "Train").differs
    assert row(story.compare("a", "c"), "duration", "Train").differs


def test_times_that_cannot_be_are_left_out(story: Story) -> None:
    for run_id in ("a", "b"):
        story.run(run_id, finished=float("inf"), properties={"idle": "x"})
        story.node(run_id, "Train", finished=float("nan"))
    found = story.compare("a", "b")
    assert [run.seconds for run in found.runs] == [None, None]
    assert not [each for each in found.rows if each.kind == "duration"]


def test_runs_are_found_by_beginnings_and_by_what_they_made(story: Story) -> None:
    made = {}
    for run_id in ("a1", "b1"):
        story.run(run_id)
        made[run_id] = story.node(run_id, "Train", writes={"model": model(run_id)})["model"]
    found = find_runs(story.store, ["a", f"#{made['b1']}"])
    assert [run.id for run in found] == ["a1", "b1"]


@pytest.mark.parametrize(
    ("named", "kind", "said"),
    [
        (["a1", "a"], PipelineError, "a1, a are one run"),
        (["a1"], PipelineError, "a1 is one run"),
        ([], PipelineError, "no runs are named"),
        (["a1", "x"], NotFoundError, "there is no run 'x'"),
        (["a1", "#99999999999999999999999"], NotFoundError, "no run has made an artifact"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(
    story: Story, named: list[str], kind: type[PipelineError], said: str
) -> None:
    story.run("a1")
    with pytest.raises(kind, match=said):
        find_runs(story.store, named)


def test_megabytes_are_cut_to_where_they_differ(story: Story) -> None:
    for run_id, end in (("a", "one"), ("b", "two")):
        story.run(run_id, parameters={"text": "x" * 1_000_000 + end + "y" * 1_000_000})
    (only,) = story.compare("a", "b").differing
    assert [len(value) < 1_000 for value in only.values] == [True, True]
    assert ["xone" in only.values[0], "xtwo" in only.values[1]] == [True, True]


def test_artifacts_whose_rows_are_gone_are_counted(story: Story) -> None:
    for run_id in ("a", "b"):
        story.run(run_id)
        story.node(run_id, "Train", reads={"examples": [999]})
    found = story.compare("a", "b")
    assert found.runs[0].problems == ("the store lacks 1 artifacts that its nodes name",)


def test_hostile_and_damaged_records_hide_nothing_else(story: Story, tmp_path: Path) -> None:
    story.store = hostile_reader(tmp_path).store  # type: ignore[assignment]
    nothing = float("nan")
    story.run("a", parameters=None, started=nothing, finished=float("-inf"))
    story.node("a", "n", manifest='{"parts": {"code": [1], "packages": "x"}, "sources": 5}')
    story.run("b", parameters={"x": 1}, started=float("inf"))
    everything = [run.id for run in story.store.list_runs()]
    found = story.compare(*everything)
    assert row(found, "parameter", "x").absent == (1, 2)
    text = json.dumps(msgspec.to_builtins(found), allow_nan=False)
    assert json.loads(text)["runs"][0]["started"] == 0.0


@pytest.mark.slow  # It writes 500 runs.
def test_500_runs_of_200_parameters_take_a_second(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'metadata.db'}")
    for number in range(500):
        values = {f"p{i}": i if i % 4 else number for i in range(200)}
        store.put_run(Run(f"r{number}", "p", State.COMPLETE, parameters=values, started=1.0))
    runs = store.list_runs(limit=500)
    best = min(_seconds(lambda: compare_runs(store, runs)) for _ in range(3))
    store.close()
    assert best <= 1.0, best


def _seconds(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began
