"""`mlops show`: a run, or one of its nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from mlops_pipeline.cli.output import json_option, screen, write, write_json
from mlops_pipeline.cli.project import Project, complete_node, complete_run, project_options
from mlops_pipeline.inspection import (
    DECISIONS,
    Artifacts,
    NodeRun,
    PipelineRun,
    Screen,
    ago,
    causes,
    command_lines,
    damage_lines,
    gate_lines,
    next_commands,
    node_data,
    one_line,
    read_run,
    run_data,
    run_report,
    seconds,
    verdict_reasons,
)
from mlops_pipeline.run_state import LAST
from mlops_pipeline.store import Mark, State, notes_of, read_marks, run_target, tags_of


@click.command()
@click.argument("run_id", metavar="[RUN]", default=LAST, shell_complete=complete_run)
@click.argument("node", required=False, shell_complete=complete_node)
@json_option
@project_options
def show(project: Project, run_id: str, node: str | None, as_json: bool) -> None:
    """Show a run, or one of its nodes.

    RUN is an id, the beginning of one, or `last`; without it, the last run.
    """
    store, settings = project.existing_store, project.settings
    found = read_run(store, project.find_run(run_id).id, project.copies, settings.lease)
    here = screen()
    if node is None:
        if as_json:
            marks = read_marks(store, run_target(found.id))
            said = {"tags": tags_of(marks), "notes": notes_of(marks)}
            write_json({**run_data(found), **said})
        else:
            marks = read_marks(store, run_target(found.id))
            write(
                [
                    *_run_head(found, here, marks),
                    *run_report(found, here, causes(project.store, found)),
                ]
            )
            write(_after(found, project.flags_text(), here))
    elif as_json:
        write_json({**node_data(found[node]), "details": found[node].execution.details})
    else:
        write(_node(found[node], here))


def _run_head(run: PipelineRun, screen: Screen, marks: Sequence[Mark]) -> Iterator[str]:
    facts = {"started": ago(run.record.started)}
    facts |= {name: one_line(value) for name, value in run.parameters.items()}
    if run.record.base_run:
        facts["base run"] = run.record.base_run
    if tags := tags_of(marks):
        facts["tags"] = ", ".join(tags)
    for number, mark in enumerate(notes_of(marks)[-3:], 1):
        facts[f"note {number}"] = f"{one_line(mark.text, 100)} ({mark.by}, {ago(mark.at)})"
    width = max(map(len, facts))
    yield from (f"{screen.paint(name.ljust(width), 'dim')}  {facts[name]}" for name in facts)
    yield ""


def _after(run: PipelineRun, flags: str, screen: Screen) -> list[str]:
    """Return the next commands for a run that did not succeed."""
    if run.state is State.COMPLETE:
        return []
    commands = next_commands(run, flags)
    return ["", "next:", *command_lines(commands, screen)] if commands else []


def _node(node: NodeRun, screen: Screen) -> Iterator[str]:
    execution = node.execution
    reason = f" · {node.reason}" if node.reason else ""
    decision = screen.paint(node.decision, DECISIONS[node.decision])
    name = screen.paint(node.name, "bold")
    yield f"{name} of run {execution.run_id}: {decision} · {seconds(node.duration)}{reason}"
    facts = {
        "component": execution.component,
        "execution": str(execution.id),
        "attempts": str(node.attempts),
        "started": ago(execution.started),
        "where": f"{execution.host} pid {execution.pid}" if execution.host else "",
        "output": execution.log,
    }
    width = max(map(len, facts))
    for name, value in facts.items():
        if value:
            yield f"  {screen.paint(name.ljust(width), 'dim')}  {value}"
    yield from _section(
        "parameters", {k: one_line(v, 100) for k, v in execution.parameters.items()}
    )
    yield from _section("inputs", _artifacts(node.inputs))
    yield from _section("outputs", _artifacts(node.outputs))
    for artifacts in node.outputs.values():
        for reason in (text for artifact in artifacts for text in verdict_reasons(artifact)):
            yield f"      {screen.paint(reason, 'yellow')}"
    if node.gate and node.state is not State.SKIPPED:
        yield from ("", *gate_lines(node, screen))
    if node.damage:
        yield from ("", *damage_lines(node.damage, screen))
    if execution.error:
        yield from ("", f"{screen.paint('error:', 'red')} {execution.error}")
        yield from execution.details.rstrip().splitlines()


def _artifacts(links: Artifacts) -> dict[str, str]:
    rows = {}
    for key, artifacts in links.items():
        for index, artifact in enumerate(artifacts):
            name = f"{key}[{index}]" if len(artifacts) > 1 else key
            rows[name] = f"{artifact.TYPE_NAME} {artifact.id}  {artifact.uri}"
            rows[name] += f"  ({artifact.deleted})" if artifact.deleted else ""
    return rows


def _section(title: str, facts: dict[str, str]) -> Iterator[str]:
    if facts:
        yield f"  {title}"
        width = max(map(len, facts))
        yield from (f"    {name.ljust(width)}  {value}" for name, value in facts.items())
