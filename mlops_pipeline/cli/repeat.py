"""`mlops repeat`: run a run again with the code that it had, and compare."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import click

from mlops_pipeline.api import new_run_id
from mlops_pipeline.cli.output import json_option, screen, warn, write, write_json
from mlops_pipeline.cli.progress import progress
from mlops_pipeline.cli.project import Project, project_options, run_argument
from mlops_pipeline.inspection import Table, lines
from mlops_pipeline.repeat import (
    RepeatOptions,
    Repetition,
    Verdict,
    WorkTree,
    environment_changes,
    make_environment,
    repeat_run,
    restore_code,
)
from mlops_pipeline.roots import make_root
from mlops_pipeline.run_state import open_workspace, pipeline_of
from mlops_pipeline.store import Run


@click.command()
@run_argument
@click.option("--into", metavar="DIR", help="The work tree  [default: below .mlops/repeats]")
@click.option(
    "--tolerance", type=click.FloatRange(0), metavar="X", help="Let numbers be this far apart."
)
@click.option("--make-environment", is_flag=True, help="Make its environment with uv, and use it.")
@click.option("--only-restore", is_flag=True, help="Restore the code, and run nothing.")
@click.option("--trust", is_flag=True, help="Run code that somebody else has recorded.")
@click.option("--restored", is_flag=True, hidden=True)
@click.option("--workers", type=int, default=0, metavar="N", help="Number of worker processes.")
@click.option("--in-process", is_flag=True, help="Run all in this process, for debuggers.")
@json_option
@project_options
def repeat(project: Project, run_id: str, **flags: Any) -> int:
    """Run a run again with the code that it had, and compare what it writes.

    Its code is restored into a work tree beside links to the data of today, all nodes run, and each
    artifact is compared with that of RUN: the same bytes, or numbers within --tolerance. Exit code
    0 if all is equal, 1 if something differs. RUN is an id, the beginning of one, or `last`.
    """
    run = project.find_run(run_id)
    name = new_run_id(project.store)
    folder = Path(flags["into"]) if flags["into"] else _default_folder(project, name)
    tree = restore_code(
        project.store, run, folder.absolute(), trust=flags["trust"], again=flags["restored"]
    )
    if flags["only_restore"]:
        return _report_restored(tree, as_json=flags["as_json"])
    if flags["make_environment"]:
        return _in_environment(make_environment(tree), project, run, tree, flags)
    done = _repeat(project, run, tree, name, flags)
    if flags["as_json"]:
        write_json({**vars(done), "equal": done.equal, "first_divergence": done.first_divergence})
    else:
        write(_report(done))
    return 0 if done.equal else 1


def _default_folder(project: Project, name: str) -> Path:
    return project.resolved.project / ".mlops" / "repeats" / name


def _repeat(
    project: Project, run: Run, tree: WorkTree, name: str, flags: dict[str, Any]
) -> Repetition:
    for each in (*tree.missing, *_changes_of(tree)):
        warn(each)
    workspace = open_workspace(Path.cwd(), (), project.settings, project.store)
    make_root(workspace.root)
    options = RepeatOptions(name, flags["tolerance"], flags["workers"], flags["in_process"])
    ir = pipeline_of(workspace, run)
    title = f"{ir.name} · run {name}, which repeats {run.id}"
    with (
        progress(ir, title, quiet=flags["as_json"], logs=False) as on_event,
        redirect_stdout(sys.stderr),
    ):
        return repeat_run(run, tree, workspace, options, on_event)


def _changes_of(tree: WorkTree) -> Iterator[str]:
    changes = environment_changes(tree.snapshot.machine) if tree.snapshot else []
    if changes:
        more = f", and {len(changes) - 8} more" if len(changes) > 8 else ""
        yield f"the environment is another one: {'; '.join(changes[:8])}{more}"


def _report_restored(tree: WorkTree, *, as_json: bool) -> int:
    if as_json:
        write_json({"folder": str(tree.folder), "moved": tree.moved, "missing": tree.missing})
        return 0
    for each in tree.missing:
        warn(each)
    write([f"the code is in {tree.folder}"])
    return 0


def _in_environment(
    python: Path, project: Project, run: Run, tree: WorkTree, flags: dict[str, Any]
) -> int:
    """Go on with the Python of the environment that was made."""
    settings = project.settings
    command = [str(python), "-m", "mlops_pipeline.cli", "repeat", run.id, "--restored"]
    command += ["--into", str(tree.folder), "--project", str(project.resolved.project)]
    command += ["--store", settings.store, "--root", settings.root]
    for flag in ("trust", "in_process"):
        command += [f"--{flag.replace('_', '-')}"] if flags[flag] else []
    command += ["--json"] if flags["as_json"] else []
    for option in ("tolerance", "workers"):
        command += [f"--{option}", str(flags[option])] if flags[option] is not None else []
    for each in tree.missing:
        warn(each)
    return subprocess.run(command, check=False).returncode


_STYLES = {"same": "green", "within": "green", "differs": "red", "missing": "red"}


def _report(done: Repetition) -> Iterator[str]:
    shown = [each for each in done.artifacts if each.verdict is not Verdict.SAME]
    if shown:
        rows = [(each.place, each.verdict.value, each.detail) for each in shown]
        table = Table(("artifact", "result", "difference"), rows, styles={"result": _STYLES})
        yield from lines(table, screen())
        yield ""
    counts: dict[str, int] = {}
    for each in done.artifacts:
        counts[each.verdict.value] = counts.get(each.verdict.value, 0) + 1
    summed = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
    word = "equal" if done.equal else "not equal"
    yield f"run {done.repeated} repeats {done.run}: {word} ({summed or 'no artifacts'})"
    first = done.first_divergence
    if first is not None and not done.equal:
        yield f"first divergence: {first.place}" + (f": {first.detail}" if first.detail else "")
    yield f"its code is in {done.folder}"
