"""`mlops plan`: a preview of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from mlops_pipeline.cli.output import (
    json_option,
    screen,
    writable_file,
    write,
    write_file,
    write_json,
)
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.cli.run import (
    compile_loudly,
    load,
    parameter_option,
    pipeline_argument,
    read_parameters,
)
from mlops_pipeline.inspection import DECISIONS, Table, lines
from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.roots import make_root
from mlops_pipeline.run_state import open_workspace
from mlops_pipeline.runners import NodePlan, plan_html, plan_markdown, planned_nodes
from mlops_pipeline.runners import plan as plan_nodes
from mlops_pipeline.store import MemoryStore, MetadataStore

STYLES = {**DECISIONS, "maybe": "yellow", "fail": "red"}


@click.command()
@pipeline_argument
@parameter_option
@click.option("--force", "--no-cache", is_flag=True, help="Plan as if nothing could be reused.")
@click.option("--diff", is_flag=True, help="Show changed lines of code.")
@click.option(
    "--md", metavar="FILE", callback=writable_file, help="Draw the plan as Markdown, for a review."
)
@click.option("--html", metavar="FILE", callback=writable_file, help="Draw the plan as HTML.")
@json_option
@project_options
def plan(
    project: Project,
    pipeline: str | None,
    texts: Sequence[str],
    force: bool,
    diff: bool,
    as_json: bool,
    **files: Path | None,
) -> int:
    """Show what a run would execute or reuse, and why.

    Ends with 1 if a node would fail because one of its inputs cannot be resolved.
    Without PIPELINE, plans the pipeline of the current project.
    """
    loaded = load(project, pipeline)
    ir = compile_loudly(loaded)
    store = project.store if project.has_store else MemoryStore()
    workspace = open_workspace(loaded.base_dir, loaded.import_paths, project.settings, store)
    make_root(str(workspace.root), only_check=True)
    plans = plan_nodes(ir, workspace, read_parameters(ir, texts), force=force)
    _write_files(ir, plans, store, files)
    if as_json:
        write_json({"pipeline": ir.name, "nodes": plans})
        return _exit_code(plans)
    rows = [(_name(each), each.decision, _reason(each)) for each in plans]
    here = screen()
    write(lines(Table(("node", "decision", "reason"), rows, styles={"decision": STYLES}), here))
    for each in plans if diff else ():
        for change in each.changes:
            if change.diff:
                write(["", here.paint(f"{_name(each)}: {change}", "bold"), change.diff])
    write(["", _summary(plans)])
    return _exit_code(plans)


def _write_files(
    ir: PipelineIR,
    plans: Sequence[NodePlan],
    store: MetadataStore,
    files: Mapping[str, Path | None],
) -> None:
    makers = (("md", plan_markdown), ("html", plan_html))
    wanted = [(path, make) for name, make in makers if (path := files[name])]
    nodes = planned_nodes(ir, plans, store) if wanted else []
    for path, make in wanted:
        write_file(path, make(ir.name, nodes))


def _exit_code(plans: Sequence[NodePlan]) -> int:
    return 1 if any(each.decision == "fail" for each in plans) else 0


def _name(plan: NodePlan) -> str:
    iteration = f"[{','.join(map(str, plan.iteration))}]" if plan.iteration else ""
    return plan.node_id + iteration


def _reason(plan: NodePlan) -> str:
    return str(plan.changes[0]) if plan.changes else plan.reason


def _summary(plans: Sequence[NodePlan]) -> str:
    counts: dict[str, int] = {}
    for each in plans:
        counts[each.decision] = counts.get(each.decision, 0) + 1
    return ", ".join(f"{count} {decision}" for decision, count in counts.items())
