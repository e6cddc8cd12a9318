"""Repeat a run from its work tree, and say whether the repetition is equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlops_pipeline.inspection import read_run
from mlops_pipeline.interface import map_paths
from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.repeat.comparing_bytes import ComparedArtifact, Verdict, compare_artifacts
from mlops_pipeline.repeat.environment import environment_changes
from mlops_pipeline.repeat.restoring import WorkTree
from mlops_pipeline.run_state import Workspace, chosen, pipeline_of
from mlops_pipeline.runners import OnEvent, RunOptions, local
from mlops_pipeline.store import Run, State

REPEATS = "repeats"
"""Run property: the run that it repeats."""

_EQUAL = (Verdict.SAME, Verdict.WITHIN)


@dataclass(frozen=True)
class RepeatOptions:
    """Options of a repetition.

    Args:
        run_id: id of the new run.
        tolerance: how far numbers may be apart; None for the same bytes.
        workers, in_process: as for any run.
    """

    run_id: str
    tolerance: float | None = None
    workers: int = 0
    in_process: bool = False


@dataclass(frozen=True)
class Repetition:
    """Result of a repetition.

    Args:
        run, repeated: ids of the run and of the one that repeats it.
        state: how the repetition ended.
        artifacts: all that the run wrote, compared.
        environment: what differs between the environments, in words.
        missing: what of the code could not be restored, in words.
    """

    run: str
    repeated: str
    folder: str
    state: State
    artifacts: tuple[ComparedArtifact, ...]
    environment: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def first_divergence(self) -> ComparedArtifact | None:
        """The first artifact, in the order of the run, that is not the same or close enough.

        One with other bytes counts if nothing differs in its numbers.
        """
        differing = [each for each in self.artifacts if each.verdict not in _EQUAL]
        telling = [each for each in differing if each.verdict is not Verdict.OPAQUE]
        return next(iter(telling or differing), None)

    @property
    def equal(self) -> bool:
        """True if all that can be compared is equal, and something can be."""
        verdicts = {each.verdict for each in self.artifacts}
        if self.state is not State.COMPLETE or not verdicts <= {*_EQUAL, Verdict.OPAQUE}:
            return False
        # Other bytes, as a model has that keeps the time, have to do where metrics tell.
        return Verdict.OPAQUE not in verdicts or self._has_metrics

    @property
    def _has_metrics(self) -> bool:
        return any(
            each.verdict is Verdict.WITHIN
            or (each.verdict is Verdict.SAME and each.type in _METRICS)
            for each in self.artifacts
        )


_METRICS = ("ModelEvaluation", "Float", "Integer", "JsonValue")
"""Types of artifacts whose numbers tell of a model; an equal one tells enough."""


def repeat_run(
    run: Run,
    tree: WorkTree,
    workspace: Workspace,
    options: RepeatOptions,
    on_event: OnEvent | None = None,
) -> Repetition:
    """Run all nodes of a run again, with the code in its work tree, and compare what they wrote.

    Args:
        workspace: of today: its store, its root and its limits are used, not its code.
    """
    ir = pipeline_of(workspace, run)
    there = workspace_in(tree, run, workspace)
    selection = replace(chosen(run), force=True)
    local.run(
        ir,
        options.run_id,
        there,
        parameters=parameters_in(tree, ir, run.parameters),
        options=RunOptions(
            workers=options.workers,
            in_process=options.in_process,
            selection=selection,
            facts={REPEATS: run.id},
        ),
        on_event=on_event,
    )
    before = read_run(workspace.store, run.id, workspace.copies)
    after = read_run(workspace.store, options.run_id, workspace.copies)
    machine = tree.snapshot.machine if tree.snapshot else {}
    return Repetition(
        run=run.id,
        repeated=options.run_id,
        folder=str(tree.folder),
        state=after.state,
        artifacts=tuple(compare_artifacts(before, after, options.tolerance)),
        environment=tuple(environment_changes(machine)) if machine else (),
        missing=tree.missing,
    )


def workspace_in(tree: WorkTree, run: Run, workspace: Workspace) -> Workspace:
    """Return a workspace whose code is that of a work tree."""
    said = run.properties
    base_dir = str(said.get("base_dir") or next(iter(tree.moved)))
    paths = map(str, said.get("import_paths") or ())
    return replace(
        workspace,
        base_dir=Path(tree.path(base_dir)),
        import_paths=tuple(map(tree.path, paths)),
        lock=tree.lock,
    )


def parameters_in(tree: WorkTree, ir: PipelineIR, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a run, with paths to its code in the work tree."""
    schemas = {parameter.name: parameter.schema for parameter in ir.parameters}

    def moved(path: str) -> str:
        here = tree.path(path)
        return here if Path(here).exists() else path

    return {
        name: map_paths(schemas[name], value, moved)
        for name, value in parameters.items()
        if name in schemas
    }
