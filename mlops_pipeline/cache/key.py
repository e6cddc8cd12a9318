"""The cache: what decides a node's result, as a key, and the search for an earlier result.

What the key cannot know before the node has run is in `cache.observed`.

A key is the SHA-256 of a manifest: JSON with sorted keys, so that no two manifests share a text.
The manifest says which part is which, so that `mlops why` can name the part that changed.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from mlops_pipeline import roots
from mlops_pipeline.cache.sealed import has_lost_seal, is_own, why_altered
from mlops_pipeline.code import CodeParts, code_parts, merged
from mlops_pipeline.errors import NotFoundError, RootError, SettingsError
from mlops_pipeline.interface import map_paths, sort_records
from mlops_pipeline.ir import (
    BeamExecutor,
    CacheIR,
    ClassExecutor,
    ContainerExecutor,
    FunctionExecutor,
    NodeIR,
)
from mlops_pipeline.roots import digest_path
from mlops_pipeline.run_state import Workspace, load_outputs, lock_digest
from mlops_pipeline.store import ArtifactRecord, ArtifactState, Execution, deletion_of
from mlops_pipeline.uris import is_remote

OBSERVED = "observed"
"""Property of an execution: what its result depends on beside its key."""

_PYTHON = "{}.{}".format(*sys.version_info)

Inputs = Mapping[str, Sequence[ArtifactRecord]]


@dataclass(frozen=True)
class Key:
    """A cache key and what it was made of.

    Args:
        digest: SHA-256 of `manifest`, in hexadecimal.
        manifest: the parts, as JSON values.
        sources: text of each part of the code, by the name that the manifest gives it.
        files: SHA-256 of each file of that code, by path.
        code: the code, as it was read; None if further files count.
        variables: environment variables that functions of Python read for that code.
    """

    digest: str
    manifest: Mapping[str, Any]
    sources: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)
    code: CodeParts | None = None
    variables: tuple[str, ...] = ()

    def is_surely_current(self) -> bool:
        """Return True if the key would be the same now; False if only a new one can tell.

        The values of `variables` are no part of it: results keep them as what they used.
        """
        return self.code is not None and self.code.is_surely_current()


def make_key(
    node: NodeIR,
    inputs: Inputs,
    parameters: Mapping[str, Any],
    output_properties: Mapping[str, Mapping[str, Any]],
    workspace: Workspace,
) -> Key:
    """Return the key of a node with these resolved inputs and parameters.

    Inputs count by content, not by where they come from; paths count by what is at them.
    """
    values, modules, files_count = _parameters(node, parameters, workspace)
    # A text may name code: `run_fn="trainer:run"`.
    code = _code(node, modules, list(_texts(values)), workspace)
    executor = node.executor
    manifest = {
        "component": node.component,
        "code": dict(code.parts),
        "packages": {"python": _PYTHON, **code.packages},
        "lock": lock_digest(workspace.lock) if workspace.lock else "",
        "parameters": values,
        "inputs": {name: [r.digest for r in records] for name, records in inputs.items()},
        "outputs": {o.name: [o.type, output_properties.get(o.name, {})] for o in node.outputs},
        "executor": _container(executor) if isinstance(executor, ContainerExecutor) else [],
        "salt": node.cache.salt,
    }
    nested = {name: value for name, value in values.items() if isinstance(value, dict | list)}
    if nested and (order := _key_order(node, nested)):
        manifest["order"] = order
    data = msgspec.json.encode(manifest, order="deterministic")
    digest = hashlib.sha256(data).hexdigest()
    again = None if files_count or workspace.lock else code
    return Key(digest, manifest, code.sources, code.files, again, code.variables)


def _parameters(
    node: NodeIR, parameters: Mapping[str, Any], workspace: Workspace
) -> tuple[dict[str, Any], list[Path], bool]:
    """Return the parameters for the key, the Python files among them, and if there are paths."""
    values: dict[str, Any] = {}
    modules: list[Path] = []
    paths: list[str] = []

    def digest(path: str) -> dict[str, str]:
        paths.append(path)
        absolute = workspace.local_path(path)
        if _is_module(absolute):
            # Its code counts, not its bytes: a changed comment must not run anything.
            modules.append(absolute)
            return {"module": absolute.name}
        return _path_digest(path, workspace)

    for parameter in node.parameters:
        if parameter.name not in parameters or not parameter.affects_result:
            continue
        value = parameters[parameter.name]
        values[parameter.name] = map_paths(parameter.schema, value, digest)
    return values, modules, bool(paths)


def _key_order(node: NodeIR, values: Mapping[str, Any]) -> dict[str, str]:
    """Return the values with dicts whose keys are not in sorted order, as JSON.

    The fields of a dataclass, and of its like, have no order that a component could see.
    """
    schemas = {parameter.name: parameter.schema for parameter in node.parameters}
    found = {}
    for name, value in values.items():
        text = msgspec.json.encode(sort_records(schemas[name], value))
        if text != msgspec.json.encode(value, order="deterministic"):
            found[name] = text.decode()
    return found


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)


def _is_module(path: Path) -> bool:
    return path.suffix == ".py" and path.is_file()


def _path_digest(path: str, workspace: Workspace) -> dict[str, str]:
    absolute = workspace.local_path(path)
    try:
        # A component that lists the folder finds the empty ones, too.
        return {"content": digest_path(absolute, workspace.digests, empty_folders=True)}
    except NotFoundError:
        if absolute.is_file() or absolute.is_dir():
            raise  # It cannot be read, or not all of it: a key without it would hide its changes.
        # The executor decides whether that is an error: a path may name what is to be written.
        return {"missing": path}


def _code(
    node: NodeIR, modules: Sequence[Path], texts: Sequence[str], workspace: Workspace
) -> CodeParts:
    executor = node.executor
    targets = [node.driver] if node.driver else []
    if isinstance(executor, (FunctionExecutor, ClassExecutor, BeamExecutor)):
        targets.insert(0, executor.target)
    found = [code_parts(t, workspace.import_paths, modules, texts) for t in targets]
    return found[0] if len(found) == 1 else merged(found)


def _container(executor: ContainerExecutor) -> list[Any]:
    return [executor.image, list(executor.command), executor.environment]


@dataclass(frozen=True)
class Found:
    """Result of a search in the cache.

    Args:
        execution: whose result can be reused; None if there is none.
        reason: which result it is, or why there is none.
        damaged: artifacts of earlier results that were found altered or gone.
        generation: how many results with this key have been published.
    """

    execution: Execution | None
    reason: str
    outputs: Mapping[str, Sequence[ArtifactRecord]] = field(default_factory=dict)
    damaged: tuple[ArtifactRecord, ...] = ()
    generation: int = 0


def find_reusable(key: Key, policy: CacheIR, workspace: Workspace) -> Found:
    """Search for a result with this key whose files are still what was published.

    What it was seen to use has to be as it was, too.
    """
    store = workspace.store
    candidates = store.executions_by_cache_key(key.digest)[::-1]
    if not candidates:
        return Found(None, "no earlier result has the same code, parameters and inputs")
    oldest = time.time() - policy.max_age if policy.max_age is not None else 0.0
    outputs = load_outputs(store, candidates)
    damaged: list[ArtifactRecord] = []
    reason = ""
    for execution in candidates:
        if execution.finished < oldest:
            reason = reason or f"the earlier result is older than {policy.max_age:g} s"
            break
        damaged_record = execution.damage and "the record of the earlier result is damaged"
        broken = damaged_record or _broken(execution, workspace)
        if broken:
            reason = reason or broken
            continue
        written = outputs.get(execution.id, {})
        bad = [r for records in written.values() for r in records if not _is_intact(r, workspace)]
        bad = bad or _altered(execution, written)
        if not bad and workspace.verify == "always" and not is_own(execution):
            reason = reason or "the earlier result was not sealed by this user"
            continue
        if not bad and has_lost_seal(store, execution):
            reason = reason or "the seal of the earlier result is gone"
            continue
        if not bad:
            same = f"same as execution {execution.id} of run {execution.run_id}"
            return Found(execution, same, written, tuple(damaged), len(candidates))
        damaged += [record for record in bad if _is_lost(record)]
        reason = reason or _why_not_there(bad)
    return Found(None, reason, damaged=tuple(damaged), generation=len(candidates))


def _why_not_there(bad: Sequence[ArtifactRecord]) -> str:
    deleted = next(filter(None, map(deletion_of, bad)), "")
    if deleted:
        return f"an output of the earlier result was {deleted}"
    return "a stored output was altered or is gone"


def _altered(execution: Execution, written: Inputs) -> list[ArtifactRecord]:
    """Return the outputs of an execution if their rows are not those that it published."""
    if not why_altered(execution, written):
        return []
    return [record for records in written.values() for record in records]


def _broken(execution: Execution, workspace: Workspace) -> str:
    """Return why a result cannot be reused by what it was seen to use; empty if it can."""
    kept = execution.properties.get(OBSERVED)
    if not kept:
        return ""
    # Loaded here: most results have used nothing but what their keys say.
    from mlops_pipeline.cache.observed import why_it_does_not_hold

    return why_it_does_not_hold(kept, execution, workspace)


def _is_intact(record: ArtifactRecord, workspace: Workspace) -> bool:
    if record.state is not ArtifactState.LIVE or record.damage:
        return False
    try:
        return workspace.digest(record) == record.digest
    except NotFoundError:
        return False
    except (RootError, SettingsError):
        # Another root than ours may be away for good, and then does not keep us from working.
        if record.uri.startswith(f"{workspace.artifact_root.url}/"):
            raise
        return False


def _is_lost(record: ArtifactRecord) -> bool:
    """Return True if a damaged artifact is gone for good, not only its disk is away."""
    if record.state is not ArtifactState.LIVE:
        return False
    if is_remote(record.uri):
        try:
            return roots.has_bucket(record.uri)
        except (RootError, SettingsError):
            return False
    path = Path(record.uri)
    return os.access(path, os.R_OK) if path.exists() else path.parents[1].is_dir()
