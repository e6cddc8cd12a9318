"""The Python API: what the commands do, as functions that return objects.

run = mlops_pipeline.run(penguin, {"train_steps": 200})
run["Trainer"].duration, run["Evaluator"].artifact("evaluation").load()
"""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from mlops_pipeline.environment import find_lock
from mlops_pipeline.errors import ParameterError, did_you_mean
from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.loading import Loaded, load_pipeline, located, open_workspace
from mlops_pipeline.parameters import map_paths
from mlops_pipeline.pipeline import Pipeline
from mlops_pipeline.plan import NodePlan
from mlops_pipeline.plan import plan as plan_nodes
from mlops_pipeline.results import PipelineRun, read_run
from mlops_pipeline.runners import local
from mlops_pipeline.runners.local import OnEvent, RunOptions
from mlops_pipeline.runs import pipeline_of
from mlops_pipeline.settings import Settings, Sources, resolve
from mlops_pipeline.store import NOTHING, MetadataStore, Run
from mlops_pipeline.stores import make_place, open_store
from mlops_pipeline.why import Why
from mlops_pipeline.why import why as explain
from mlops_pipeline.workspace import Workspace

AnyPipeline = Pipeline | PipelineIR | str | Path
"""A pipeline, its IR, or its name as `mlops run` takes it."""


@dataclass(frozen=True)
class Where:
    """Where records and artifacts are kept; what is left out comes from the settings.

    Args:
        store: a store, or its URL.
        root: folder of the artifacts.
    """

    store: MetadataStore | str | None = None
    root: str | Path | None = None


def run(
    pipeline: AnyPipeline,
    parameters: Mapping[str, Any] = NOTHING,
    *,
    run_id: str = "",
    where: Where | None = None,
    on_event: OnEvent | None = None,
    **options: Any,
) -> PipelineRun:
    """Run a pipeline on this machine, as `mlops run` does.

    Args:
        parameters: values of run-time parameters.
        options: fields of `RunOptions`, such as `workers=4` or `only=("Trainer",)`.

    Raises:
        PipelineError: the pipeline or its parameters are wrong. A node that fails does not
            raise: see `PipelineRun.state`, or call `PipelineRun.check`.
    """
    chosen = _options(options)
    with _opened(pipeline, where) as (loaded, workspace):
        ir = loaded.compile()
        given = plain_parameters(ir, parameters)
        name = run_id or new_run_id()
        local.run(ir, name, workspace, parameters=given, options=chosen, on_event=on_event)
        return read_run(workspace.store, name)


def plan(
    pipeline: AnyPipeline,
    parameters: Mapping[str, Any] = NOTHING,
    *,
    where: Where | None = None,
    force: bool = False,
) -> list[NodePlan]:
    """What `run` would do with each node, without doing it."""
    with _opened(pipeline, where) as (loaded, workspace):
        ir = loaded.compile()
        return plan_nodes(ir, workspace, plain_parameters(ir, parameters), force=force)


def resume(
    run_id: str,
    *,
    where: Where | None = None,
    on_event: OnEvent | None = None,
    **options: Any,
) -> PipelineRun:
    """Go on with a run that failed or was stopped."""
    chosen = _options(options)
    settings = _settings(where, Path.cwd())
    with _store(settings, where) as store:
        ir, workspace = workspace_of(read_run(store, run_id).record, settings, store)
        local.run(ir, run_id, workspace, options=chosen, on_event=on_event)
        return read_run(store, run_id)


def open_run(run_id: str, *, where: Where | None = None) -> PipelineRun:
    """A run that has been, as `mlops show` shows it."""
    with _store(_settings(where, Path.cwd()), where) as store:
        return read_run(store, run_id)


def runs(pipeline: str = "", *, limit: int = 20, where: Where | None = None) -> list[Run]:
    """The latest runs, newest first."""
    with _store(_settings(where, Path.cwd()), where) as store:
        return store.list_runs(pipeline=pipeline, limit=limit)


def why(run_id: str, node: str, *, where: Where | None = None) -> Why:
    """Why a node of a run ran, or did not."""
    with _store(_settings(where, Path.cwd()), where) as store:
        return explain(store, run_id, node)


def new_run_id() -> str:
    """An id for a new run, which sorts by time: `20250131-142530-9f3a`."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


def plain_parameters(ir: PipelineIR, given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as JSON values; paths that were given relative start at the current folder."""
    schemas = {parameter.name: parameter.schema for parameter in ir.parameters}

    def absolute(path: str) -> str:
        return str(Path(path).expanduser().absolute())

    values = {}
    for name, value in given.items():
        plain = msgspec.to_builtins(value, enc_hook=str)
        values[name] = map_paths(schemas[name], plain, absolute) if name in schemas else plain
    return values


def workspace_of(
    run: Run, settings: Settings, store: MetadataStore
) -> tuple[PipelineIR, Workspace]:
    """The pipeline of a run that has been, and the place to go on with it.

    Raises:
        NotFoundError: the store does not hold the pipeline.
    """
    said = run.properties
    base_dir = Path(said.get("base_dir") or Path.cwd())
    lock = Path(settings.lock) if settings.lock else find_lock(base_dir)
    workspace = Workspace(
        store=store,
        root=str(said.get("root") or settings.root),
        base_dir=base_dir,
        import_paths=tuple(said.get("import_paths") or ()),
        lock=lock,
        lease=settings.lease,
    )
    return pipeline_of(workspace, run), workspace


@contextmanager
def _opened(pipeline: AnyPipeline, where: Where | None) -> Iterator[tuple[Loaded, Workspace]]:
    """A pipeline and the place that it runs in."""
    if isinstance(pipeline, Pipeline | PipelineIR):
        loaded = located(pipeline)
        settings = _settings(where, loaded.base_dir)
        extra = settings.import_paths
        loaded = dataclasses.replace(loaded, import_paths=(*loaded.import_paths, *extra))
    else:
        name = str(pipeline)
        settings = _settings(where, start_of(name))
        project = resolve(Sources(start_of(name))).project
        loaded = load_pipeline(name, project=project, import_paths=settings.import_paths)
    with _store(settings, where) as store:
        yield loaded, open_workspace(loaded, settings, store)


def start_of(pipeline: str) -> Path:
    """The folder from which the project of a named pipeline is looked for."""
    path = Path(pipeline.partition(":")[0]).expanduser().absolute()
    if not path.exists():
        return Path.cwd()
    return path if path.is_dir() else path.parent


def _settings(where: Where | None, start: Path) -> Settings:
    where = where or Where()
    flags = {
        "store": where.store if isinstance(where.store, str) else None,
        "root": str(where.root) if where.root else None,
    }
    return resolve(Sources(start, flags)).values


@contextmanager
def _store(settings: Settings, where: Where | None) -> Iterator[MetadataStore]:
    """The store to use; one that was handed in stays open."""
    if where and where.store is not None and not isinstance(where.store, str):
        yield where.store
        return
    make_place(settings.store)
    store = open_store(settings.store)
    try:
        yield store
    finally:
        store.close()


def _options(given: Mapping[str, Any]) -> RunOptions:
    known = {field.name for field in dataclasses.fields(RunOptions)}
    for name in given:
        if name not in known:
            raise ParameterError(f"run has no option {name!r}", hint=did_you_mean(name, known))
    return RunOptions(**given)
