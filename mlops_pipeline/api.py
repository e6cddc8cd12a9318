"""The Python API: what the commands do, as functions that return objects.

run = mlops_pipeline.run(penguin, {"train_steps": 200})
run["Trainer"].duration, run["Evaluator"].artifact("evaluation").load()
"""

from __future__ import annotations

import dataclasses
import logging
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.authoring import Loaded, Pipeline, Problem, load_pipeline, located
from mlops_pipeline.cache import Why
from mlops_pipeline.cache import why_node as explain
from mlops_pipeline.errors import NotFoundError, ParameterError, did_you_mean
from mlops_pipeline.inspection import (
    DataDiff,
    Impact,
    Lineage,
    LineageStart,
    PipelineRun,
    TrainedModel,
    Verified,
    Version,
    diff_versions,
    downstream,
    find_artifacts,
    find_run,
    find_start,
    find_version,
    read_impact,
    read_run,
    split_node,
    upstream,
)
from mlops_pipeline.inspection import list_datasets as list_versions
from mlops_pipeline.inspection import models_of as trained_models
from mlops_pipeline.inspection import verify as read_stored
from mlops_pipeline.inspection.comparison import (
    Comparison,
    compare_runs,
    find_runs,
    read_metrics_file,
)
from mlops_pipeline.interface import map_paths
from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.openlineage import recorded
from mlops_pipeline.retention import Collected, GcPlan, Policy, apply_gc, plan_gc, read_policy
from mlops_pipeline.roots import Copies, make_root
from mlops_pipeline.run_state import (
    LAST,
    Selection,
    Workspace,
    as_it_is,
    copies_in,
    find_lock,
    follow,
    moved_path,
    open_workspace,
    pipeline_of,
    refuse_foreign,
    refuse_taken,
)
from mlops_pipeline.runners import NodePlan, OnEvent, RunOptions, local
from mlops_pipeline.runners import plan as plan_nodes
from mlops_pipeline.settings import Settings, Sources, find_project, resolve, start_of
from mlops_pipeline.store import (
    NOTHING,
    MemoryStore,
    MetadataStore,
    Run,
    State,
    is_there,
    make_store_folder,
    open_store,
)
from mlops_pipeline.uris import is_remote, with_home
from mlops_pipeline.user_code import refuse_while_importing

log = logging.getLogger(__name__)

AnyPipeline = Pipeline | PipelineIR | str | Path
"""A pipeline, its IR, or its name as `mlops run` takes it."""


@dataclass(frozen=True)
class Where:
    """Store and root to use; a missing one comes from the settings.

    Args:
        store: a store, or its URL.
        root: folder or URL of the artifacts.
    """

    store: MetadataStore | str | None = None
    root: str | Path | None = None


# The options of a run are its keywords.
def run(
    pipeline: AnyPipeline,
    parameters: Mapping[str, Any] = NOTHING,
    *,
    run_id: str = "",
    where: Where | None = None,
    on_event: OnEvent | None = None,
    check: bool = True,
    **options: Any,
) -> PipelineRun:
    """Run a pipeline on this machine, as `mlops run` does.

    Args:
        parameters: values of run parameters; relative paths start at the current folder.
        check: raise if a node fails, so that a script ends with exit code 1; without it, see
            `PipelineRun.state`.
        options: fields of `RunOptions` and of its `Selection`, such as `workers=4` or
            `only=("Trainer",)`.

    Raises:
        RunFailedError: a node failed, or the run was stopped.
        PipelineError: the pipeline or its parameters are wrong.
    """
    refuse_while_importing()
    chosen = _options(options)
    with _opened(pipeline, where) as (loaded, workspace):
        ir = loaded.compile(_log_warning)
        given = plain_parameters(ir, parameters)
        if run_id:
            refuse_taken(workspace.store, run_id)
        name = run_id or new_run_id(workspace.store)
        make_root(workspace.root)
        local.run(ir, name, workspace, parameters=given, options=chosen, on_event=on_event)
        done = read_run(workspace.store, name, workspace.copies)
    return done.check() if check else done


def plan(
    pipeline: AnyPipeline,
    parameters: Mapping[str, Any] = NOTHING,
    *,
    where: Where | None = None,
    force: bool = False,
) -> list[NodePlan]:
    """Preview `run`: decide about each node without running it."""
    with _opened(pipeline, where, make=False) as (loaded, workspace):
        ir = loaded.compile(_log_warning)
        make_root(workspace.root, only_check=True)
        return plan_nodes(ir, workspace, plain_parameters(ir, parameters), force=force)


def resume(
    run_id: str,
    *,
    where: Where | None = None,
    on_event: OnEvent | None = None,
    check: bool = True,
    **options: Any,
) -> PipelineRun:
    """Go on with a run that failed or was stopped; one that is complete is left as it is.

    Args:
        run_id: an id, the beginning of one, or `last`; the same holds wherever a run is named.
        check: as for `run`.

    Raises:
        RunFailedError: a node failed, or the run was stopped.
    """
    refuse_while_importing()
    chosen = _options(options)
    settings = _settings(where, Path.cwd())
    with _existing_store(where) as store:
        record = find_run(store, run_id)
        if record.state is not State.COMPLETE:
            ir, workspace = workspace_of(
                record, settings, store, [find_project(Path.cwd()), Path.cwd()]
            )
            make_root(workspace.root)
            local.run(ir, record.id, workspace, options=chosen, on_event=on_event)
        done = read_run(store, record.id, _copies(settings), settings.lease)
    return done.check() if check else done


def open_run(run_id: str = LAST, *, where: Where | None = None) -> PipelineRun:
    """Return a run that has been, as `mlops show` shows it."""
    with _existing_store(where) as store:
        settings = _settings(where, Path.cwd())
        run_id = find_run(store, run_id).id
        return read_run(store, run_id, _copies(settings), settings.lease)


def runs(pipeline: str = "", *, limit: int = 20, where: Where | None = None) -> list[Run]:
    """Return the latest runs, newest first."""
    settings = _settings(where, Path.cwd())
    with _store(settings, where, make=False) as store:
        listed = store.list_runs(pipeline=pipeline, limit=limit)
        return [as_it_is(store, run, settings.lease) for run in listed]


def why(run_id: str, node: str, *, where: Where | None = None) -> Why:
    """Explain why a node of a run ran or not; `node` may name one iteration: `Trainer[0]`."""
    with _existing_store(where) as store:
        node_id, iteration = split_node(node)
        return explain(store, find_run(store, run_id).id, node_id, iteration)


def compare(*names: str, where: Where | None = None) -> Comparison:
    """Compare runs, named as for `mlops compare`: the first with each other one.

    Raises:
        NotFoundError: one of them is not there.
        PipelineError: there are not two different ones.
    """
    with _existing_store(where) as store:
        settings = _settings(where, Path.cwd())
        read = read_metrics_file(_copies(settings))
        return compare_runs(store, find_runs(store, names), read, settings.lease)


def artifacts(
    run_id: str = LAST, type_name: str = "", *, where: Where | None = None
) -> list[Artifact]:
    """Return the artifacts that a run wrote or took from the cache, or those of one type."""
    return open_run(run_id, where=where).artifacts(type_name)


def verify(run_id: str = "", *, where: Where | None = None) -> list[Verified]:
    """Read the stored artifacts of a run, or of all, and compare them with what was published.

    An artifact that was altered or is gone has a `problem`; see `mlops verify`.
    """
    with _existing_store(where) as store:
        settings = _settings(where, Path.cwd())
        workspace = open_workspace(Path.cwd(), (), settings, store)
        return list(read_stored(workspace, [find_run(store, run_id).id] if run_id else None))


def gc(
    policy: Policy | None = None,
    *,
    apply: bool = False,
    orphans: bool = False,
    where: Where | None = None,
) -> GcPlan | Collected:
    """Return which artifacts a policy keeps no longer; with `apply`, remove their files.

    Args:
        policy: by default, that of the settings.
        orphans: remove what no record owns, too: only where no other store has the same root.

    Raises:
        StoreError: the store is not in a database.
        ParameterError: `where` has a store that is open, and not its URL.
    """
    if where is not None and not isinstance(where.store, str | None):
        raise ParameterError("gc takes the URL of a store", hint="write Where(store=URL)")
    settings = _settings(where, Path.cwd())
    with _existing_store(where) as store:
        found = plan_gc(settings.store, settings.root, policy or read_policy(settings))
        if not apply:
            return found
        workspace = open_workspace(Path.cwd(), (), settings, store)
        return apply_gc(workspace, settings.store, found, orphans=orphans)


def lineage(
    what: str | Artifact = "",
    *,
    down: bool = False,
    levels: int | None = None,
    where: Where | None = None,
) -> Lineage:
    """Trace an artifact back to its sources, or (`down`) on to its results.

    `mlops_pipeline.inspection.lineage_drawing` draws it as a tree, for Graphviz or for Mermaid.

    Args:
        what: an artifact, its number or URI, a type (its newest artifact), `RUN/NODE` or
            `RUN/NODE/OUTPUT`; the newest pushed or trained model if left out.
        levels: executions on the longest path; no limit by default.
    """
    walk = downstream if down else upstream
    with _existing_store(where) as store:
        if isinstance(what, Artifact):
            start = LineageStart(artifacts=(what.id,))
        else:
            start = find_start(store, what)
        return walk(store, start, levels=levels)


def impact(what: str | Artifact, *, where: Where | None = None) -> Impact:
    """Return the models, pushes and runs that an artifact reached; see `mlops impact`.

    Args:
        what: as for `lineage`, or `DATASET@SPAN`.
    """
    with _existing_store(where) as store:
        if isinstance(what, Artifact):
            return read_impact(store, store.artifacts([what.id]))
        return read_impact(store, find_artifacts(store, what))


def datasets(name: str = "", *, where: Where | None = None) -> list[Version]:
    """Return the versions of all datasets, or of one, newest first; see `mlops data list`."""
    with _existing_store(where) as store:
        return list_versions(store, name, copies=_copies(_settings(where, Path.cwd())))


def data_diff(before: str, after: str, *, where: Where | None = None) -> DataDiff:
    """Compare two versions of a dataset, named as for `mlops data diff`."""
    with _existing_store(where) as store:
        copies = _copies(_settings(where, Path.cwd()))
        first, second = find_version(store, before), find_version(store, after)
        return diff_versions(store, first, second, copies=copies)


def models_of(version: str, *, where: Where | None = None) -> list[TrainedModel]:
    """Return the models that were trained on a version of a dataset, newest first."""
    with _existing_store(where) as store:
        return trained_models(store, find_version(store, version))


def new_run_id(store: MetadataStore) -> str:
    """Return an id that no run of a store has, and that sorts by time: `20250131-142530-9f3a`."""
    while True:
        found = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
        # Of twenty runs a second, as in a service, two get one id every few minutes.
        if store.get_run(found) is None:
            return found


def plain_parameters(ir: PipelineIR, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters as JSON values; relative paths start at the current folder."""
    schemas = {parameter.name: parameter.schema for parameter in ir.parameters}

    def absolute(path: str) -> str:
        return str(with_home(path).absolute())

    values = {}
    for name, value in given.items():
        plain = msgspec.to_builtins(value, enc_hook=str)
        values[name] = map_paths(schemas[name], plain, absolute) if name in schemas else plain
    return values


def workspace_of(
    run: Run, settings: Settings, store: MetadataStore, own: Sequence[Path]
) -> tuple[PipelineIR, Workspace]:
    """Return the pipeline of an earlier run, and the workspace to continue it.

    Args:
        own: the user's folders, whose code may run whoever has begun the run.

    Raises:
        NotFoundError: the store does not hold the pipeline.
        PipelineError: code of folders would run that are not the user's.
    """
    said = run.properties
    root = old_root = str(said.get("root") or settings.root)
    if not is_remote(root) and not Path(root).is_dir():
        root = settings.root

    def moved(path: str) -> str:
        return path if root == old_root else moved_path(path, old_root, root)

    base_dir = Path(moved(str(said.get("base_dir") or Path.cwd())))
    import_paths = tuple(map(moved, said.get("import_paths") or ()))
    folders = [str(base_dir), *import_paths, *([] if is_remote(root) else [root])]
    refuse_foreign(run, folders, (*own, settings.root, *settings.import_paths))
    lock = Path(settings.lock) if settings.lock else find_lock(base_dir)
    workspace = Workspace(
        store=recorded(store, settings),
        root=root,
        base_dir=base_dir,
        import_paths=import_paths,
        lock=lock,
        lease=settings.lease,
        scratch=settings.scratch,
        scratch_limit=settings.scratch_limit,
        verify=settings.cache_verify,
    )
    return pipeline_of(workspace, run), workspace


@contextmanager
def _opened(
    pipeline: AnyPipeline, where: Where | None, *, make: bool = True
) -> Iterator[tuple[Loaded, Workspace]]:
    """Open a pipeline and its workspace; without `make`, a missing store is not created."""
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
    with _store(settings, where, make=make) as store:
        yield loaded, open_workspace(loaded.base_dir, loaded.import_paths, settings, store)


def _settings(where: Where | None, start: Path) -> Settings:
    where = where or Where()
    flags = {
        "store": where.store if isinstance(where.store, str) else None,
        "root": str(where.root) if where.root else None,
    }
    return resolve(Sources(start, flags)).values


def _copies(settings: Settings) -> Copies:
    return copies_in(settings.scratch, settings.scratch_limit, settings.cache_verify)


@contextmanager
def _store(
    settings: Settings, where: Where | None, *, make: bool = True
) -> Iterator[MetadataStore]:
    """Open the store; one that the caller gave stays open.

    Args:
        make: whether to make a store that is not there yet, or to take an empty one for it.
    """
    if where and where.store is not None and not isinstance(where.store, str):
        yield where.store
        return
    if not make and not is_there(settings.store):
        yield MemoryStore()
        return
    make_store_folder(settings.store)
    store = follow(open_store(settings.store), settings.root)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _existing_store(where: Where | None) -> Iterator[MetadataStore]:
    """Open the store, if it exists.

    Raises:
        NotFoundError: nothing has been recorded yet.
    """
    settings = _settings(where, Path.cwd())
    given = where is not None and not isinstance(where.store, str | None)
    if not given and not is_there(settings.store):
        raise NotFoundError(
            f"nothing is recorded yet in {settings.store}",
            hint="run a pipeline, or name the right store with where=Where(store=...)",
        )
    with _store(settings, where) as store:
        yield store


def _log_warning(problem: Problem) -> None:
    log.warning("%s: %s (%s)", problem.where, problem.message, problem.hint)


def _options(given: Mapping[str, Any]) -> RunOptions:
    nodes = {field.name for field in dataclasses.fields(Selection)}
    known = {field.name for field in dataclasses.fields(RunOptions)} - {
        "selection",
        "facts",
    } | nodes
    for name in given:
        if name not in known:
            raise ParameterError(f"run has no option {name!r}", hint=did_you_mean(name, known))
    selection = Selection(**{name: value for name, value in given.items() if name in nodes})
    others = {name: value for name, value in given.items() if name not in nodes}
    return RunOptions(**others, selection=selection)
