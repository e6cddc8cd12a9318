"""Nodes of a run as rows and groups."""

from __future__ import annotations

from dataclasses import replace

from mlops_pipeline.store import Execution, Run, State
from mlops_pipeline.ui.views.links import Links
from mlops_pipeline.ui.views.nodes import attempts_by_node, groups_of, node_row, node_rows

RUN = Run("r", "p", started=100.0)
DONE = Execution("c", "p", "r", "Train", State.COMPLETE, 1, started=103.0, finished=105.0)


def test_the_last_attempt_counts() -> None:
    failed = replace(DONE, state=State.FAILED, error="no")
    (row,) = node_rows(RUN, [failed, replace(DONE, id=2)], {})
    assert (row.decision, row.attempts, row.execution, row.error) == ("run", 2, 2, "")
    assert (row.offset, row.seconds) == (3.0, 2.0)


def test_iterations_of_one_node_are_one_group() -> None:
    loops = [replace(DONE, id=i, iteration=(i,)) for i in range(3)]
    other = replace(DONE, id=9, node_id="Gen", state=State.CACHED)
    rows = node_rows(RUN, [loops[0], other, *loops[1:]], {})
    first, second = groups_of(rows)
    assert (first.node_id, first.decisions, first.seconds) == ("Train", {"run": 3}, 6.0)
    assert [row.name for row in first.nodes] == ["Train[0]", "Train[1]", "Train[2]"]
    assert (second.node_id, second.decisions) == ("Gen", {"cached": 1})
    assert list(attempts_by_node(loops)) == ["Train[0]", "Train[1]", "Train[2]"]


def test_a_gate_that_another_program_wrote_is_a_problem_of_its_node_only() -> None:
    for gate in ("x", {"findings": []}, {"findings": [{"action": "x", "reason": "y"}]}, 3):
        row = node_row(RUN, "Train", [replace(DONE, properties={"gate": gate})], Links())
        assert row.gate is None
        assert "cannot be read" in row.problem


def test_a_gate_has_its_findings() -> None:
    gate = {"findings": [{"action": "skip", "reason": "bad"}, {"action": "warn", "reason": "?"}]}
    row = node_row(RUN, "Train", [replace(DONE, properties={"gate": gate})], Links())
    assert row.gate
    assert (row.gate.action, row.gate.findings[0].reason, row.problem) == ("skip", "bad", "")
