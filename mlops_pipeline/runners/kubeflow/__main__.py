"""Entry point of the containers of a compiled pipeline: begin, node, items, end.

Kubeflow tells a container what it is about in an ExecutorInput, and reads from files what it
shows of it. A container makes all attempts at its node itself, and ends with 0 if the node is done,
cached or skipped: Kubeflow knows no skipped tasks, and what follows a skipped node finds out by
itself.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlops_pipeline.errors import PipelineError, SettingsError
from mlops_pipeline.ir_check import load_checked
from mlops_pipeline.openlineage import recorded
from mlops_pipeline.roots import make_root
from mlops_pipeline.run_state import (
    Iteration,
    LostError,
    Outcome,
    Workspace,
    find_lock,
    heed_loss,
    selection_of,
)
from mlops_pipeline.runners import remote
from mlops_pipeline.runners.attempts import ends_run, run_attempts, run_exit_handlers
from mlops_pipeline.runners.kubeflow.parameter_values import received
from mlops_pipeline.runners.kubeflow.spec import ITEMS
from mlops_pipeline.runners.kubeflow.ui_cards import write_shadows
from mlops_pipeline.runners.schedule import Place
from mlops_pipeline.settings import Sources, resolve
from mlops_pipeline.store import State, make_store_folder, open_store


def main(argv: Sequence[str] | None = None) -> int:
    """Do one step of a run; the exit code: 0, 1 for a node that failed, 2 for a mistake."""
    given = _parse(argv)
    heed_loss()
    try:
        _check_run_id(given.run_id)
        workspace = _workspace(Path(given.base_dir).absolute())
        try:
            return _STEPS[given.step](workspace, given)
        finally:
            workspace.store.close()
    except LostError as error:
        print(f"{error}: this pod is taken away", file=sys.stderr)  # noqa: T201
        return 143
    except KeyboardInterrupt:
        return 130
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the log of the container
        return 2


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mlops_pipeline.runners.kubeflow")
    parser.add_argument("step", choices=_STEPS)
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--base-dir", default=".")
    parser.add_argument("--executor-input", type=json.loads, default={}, metavar="JSON")
    parser.add_argument("--ir", nargs="+", default=[], metavar="BASE64")
    parser.add_argument("--node", default="")
    parser.add_argument("--loop", default="")
    parser.add_argument("--iteration", type=_iteration, default=())
    return parser.parse_args(argv)


def _check_run_id(run_id: str) -> None:
    """Refuse an id that Kubeflow has not filled in: all runs would be one."""
    if "{{" in run_id:
        raise SettingsError(
            f"this Kubeflow does not say which run a container belongs to: {run_id}",
            hint="update Kubeflow Pipelines to a version that fills in {{$.pipeline_job_uuid}}",
        )


def _iteration(text: str) -> Iteration:
    return tuple(int(part) for part in text.split(",") if part)


def _workspace(base_dir: Path) -> Workspace:
    settings = resolve(Sources(base_dir)).values
    make_store_folder(settings.store)
    make_root(settings.root)
    return Workspace(
        store=recorded(open_store(settings.store), settings),
        root=settings.root,
        base_dir=base_dir,
        import_paths=(str(base_dir), *settings.import_paths),
        lock=Path(settings.lock) if settings.lock else find_lock(base_dir),
        lease=settings.lease,
        scratch=settings.scratch,
        scratch_limit=settings.scratch_limit,
        verify=settings.cache_verify,
    )


def _begin(workspace: Workspace, given: argparse.Namespace) -> int:
    ir = load_checked(
        zlib.decompress(base64.b64decode("".join(given.ir))), source="the argument --ir"
    )
    values = given.executor_input.get("inputs", {}).get("parameterValues", {})
    remote.begin(workspace, ir, given.run_id, received(ir, values), selection_of(values))
    return 0


def _node(workspace: Workspace, given: argparse.Namespace) -> int:
    outcome = _run(workspace, given.run_id, (given.node, given.iteration))
    if outcome is None:
        return 0
    settings = resolve(Sources(Path(given.base_dir).absolute())).values
    write_shadows(given.executor_input, given.run_id, outcome, settings.ui_url)
    if ends_run(workspace, given.run_id, outcome):
        _end(workspace, given)
    return 0 if outcome.state.succeeded or outcome.state is State.SKIPPED else 1


def _run(workspace: Workspace, run_id: str, place: Place) -> Outcome | None:
    """Make the attempts at a node; None if the run is a partial one that leaves it out."""
    options = remote.IterationOptions(on_output=lambda _, line: print(line))  # noqa: T201
    outcome = run_attempts(workspace, run_id, place, options, _print_retry)
    if outcome is None:
        print(f"{place[0]}: this partial run leaves it out")  # noqa: T201
    else:
        _print_outcome(outcome)
    return outcome


def _print_outcome(outcome: Outcome) -> None:
    """Print the result of an attempt as the last words of a log, a traceback before it."""
    execution = outcome.execution
    reason = execution.error or execution.reason
    if execution.details:
        print(execution.details.rstrip())  # noqa: T201
    print(f"{outcome.node_id}: {execution.state} {reason}".rstrip())  # noqa: T201


def _print_retry(outcome: Outcome, pause: float) -> None:
    _print_outcome(outcome)
    print(f"{outcome.node_id}: again in {pause:g} s")  # noqa: T201


def _items(workspace: Workspace, given: argparse.Namespace) -> int:
    found = remote.count_items(workspace, given.run_id, given.loop, given.iteration)
    texts = [",".join(map(str, iteration)) for iteration in found]
    write_output(given.executor_input, {"parameterValues": {ITEMS: texts}})
    return 0


def _end(workspace: Workspace, given: argparse.Namespace) -> int:
    """Run the exit handlers, one after the other, and record how the run ended."""
    run_id = given.run_id
    well = run_exit_handlers(workspace, run_id, lambda place: _run(workspace, run_id, place))
    run = remote.finish_run(workspace, run_id)
    print(f"run {run.id}: {run.state}")  # noqa: T201
    return 0 if well else 1


_STEPS = {"begin": _begin, "node": _node, "items": _items, "end": _end}


def write_output(executor_input: dict[str, Any], output: dict[str, Any]) -> None:
    """Write the file that Kubeflow's launcher reads when the container has ended."""
    file = executor_input.get("outputs", {}).get("outputFile", "")
    if file:
        path = Path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(output), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
