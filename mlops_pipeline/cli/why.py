"""`mlops why`: the reason why a node ran, or came from the cache."""

from __future__ import annotations

from collections.abc import Iterator

import click

from mlops_pipeline.cache import Why
from mlops_pipeline.cache import why_node as explain
from mlops_pipeline.cli.output import json_option, screen, write, write_json
from mlops_pipeline.cli.project import Project, node_argument, project_options, run_argument
from mlops_pipeline.inspection import DECISIONS, NodeRun, Screen, split_node


@click.command()
@run_argument
@node_argument
@json_option
@project_options
def why(project: Project, run_id: str, node: str, as_json: bool) -> None:
    """Explain why a node ran, or came from the cache.

    Compares it with the nearest earlier execution, and shows changed lines of code. RUN is an id,
    the beginning of one, or `last`; NODE may name one iteration: Trainer[0].
    """
    node_id, iteration = split_node(node)
    run = project.find_run(run_id)
    answer = explain(project.store, run.id, node_id, iteration)
    if as_json:
        write_json(_data(answer))
    else:
        write(_lines(answer, screen()))


def _lines(why: Why, screen: Screen) -> Iterator[str]:
    execution = why.execution
    decision = NodeRun(execution.node_id, execution, 1, {}, {}).decision
    verdict = screen.paint(decision, DECISIONS[decision])
    reason = execution.error or why.reason
    yield f"{screen.paint(execution.node_id, 'bold')}: {verdict}" + (
        f", {reason}" if reason else ""
    )
    if why.previous is not None:
        yield screen.paint(f"compared with run {why.previous.run_id}", "dim")
        if not why.changes:
            failed = why.previous.error.partition("\n")[0]
            yield (
                f"nothing differs, but it had failed there: {failed}"
                if failed
                else "nothing differs"
            )
    for change in why.changes:
        yield f"- {change}"
        for line in change.diff.splitlines():
            yield "    " + screen.paint(line, _colour(line))


def _colour(line: str) -> str:
    if line.startswith(("+++", "---", "@@")):
        return "dim"
    return {"+": "green", "-": "red"}.get(line[:1], "")


def _data(why: Why) -> dict[str, object]:
    return {
        "run": why.execution.run_id,
        "node": why.execution.node_id,
        "state": why.execution.state.value,
        "reason": why.reason,
        "compared_with": why.previous.run_id if why.previous else "",
        "changes": list(why.changes),
    }
