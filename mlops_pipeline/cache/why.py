"""The reason why a node ran or not: its differences from its nearest earlier execution."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlops_pipeline.cache.key import OBSERVED, Key
from mlops_pipeline.cache.observed import Facts, changes, facts_now
from mlops_pipeline.code import diff
from mlops_pipeline.errors import NotFoundError, did_you_mean
from mlops_pipeline.run_state import Iteration, Workspace
from mlops_pipeline.store import Execution, MetadataStore, State

LOOK_BACK = 50
"""Largest number of earlier executions of a node to compare with."""


@dataclass(frozen=True)
class Change:
    """One part of the cache key that differs.

    Args:
        part: `code`, `package`, `lock`, `parameter`, `order`, `input`, `output`, `executor`,
            `salt`; or, of what the earlier execution was seen to use, `file`, `folder`, `module`,
            `variable`, `installed`.
        name: of the part: the function and its file, the parameter, the input.
        before, after: the values, in words; empty if there is none.
        diff: the changed lines of code.
        file: the file or folder whose content differs, if the parameter names one.
    """

    part: str
    name: str
    before: str = ""
    after: str = ""
    diff: str = ""
    file: str = ""

    def __str__(self) -> str:
        if self.part == "variable":
            return f"environment variable {self.name} {self.after}"
        if self.part == "installed":
            return f"package {self.name} {self.after}"
        if self.part in _USED:
            return f"{self.name} {self.after}"
        if self.part == "code":
            verb = "changed" if self.before and self.after else "is new"
            return f"{self.name} {verb if self.after else 'is no longer used'}"
        if self.part == "input":
            return f"input {self.name} has different content"
        if self.part == "order":
            return f"parameter {self.name} has its keys in another order"
        if self.part == "lock":
            verb = "changed" if self.before and self.after else "is new"
            return f"the lock file {verb if self.after else 'was removed'}"
        if self.part == "parameter" and self.file:
            return f"parameter {self.name}: {self.file} has different content"
        what = f"{self.part} {self.name}".strip()
        if not self.before:
            return f"{what} is new: {self.after}"
        if not self.after:
            return f"{what} was removed, it was {self.before}"
        return f"{what}: {self.before} -> {self.after}"


_USED = ("file", "folder", "module")


@dataclass(frozen=True)
class Why:
    """The reason why a node ran, was cached, skipped, or failed.

    Args:
        reason: as the driver recorded it.
        previous: the execution that it was compared with.
        changes: what differs, the likely cause first.
    """

    execution: Execution
    reason: str
    previous: Execution | None = None
    changes: tuple[Change, ...] = ()

    def __str__(self) -> str:
        execution = self.execution
        reason = execution.error.partition("\n")[0] or self.reason
        head = f"{execution.node_id}: {execution.state.value.lower()}, {reason}"
        return "\n".join([head, *(f"- {change}" for change in self.changes)])


def why_node(store: MetadataStore, run_id: str, node_id: str, iteration: Iteration = ()) -> Why:
    """Explain the latest execution of a node in a run.

    Raises:
        NotFoundError: the run has no execution of such a node.
    """
    executions = store.executions_of_run(run_id)
    matching = [
        e for e in executions if e.node_id == node_id and e.iteration[: len(iteration)] == iteration
    ]
    if not matching:
        known = {e.node_id for e in executions}
        problem = f"run {run_id} has no execution of {node_id!r}" if known else f"no run {run_id!r}"
        hint = did_you_mean(node_id, known) if known else "list the runs with `mlops runs`"
        raise NotFoundError(problem, hint=hint)
    execution = matching[-1]
    damaged = execution.manifest and not _is_readable(execution)
    if damaged:
        return Why(execution, f"{execution.reason} (its manifest is damaged)".strip())
    if execution.state is not State.CACHED and execution.manifest:
        previous = nearest(store, execution)
        if previous is not None:
            found = compare(_load(store, previous), _load(store, execution))
            named = tuple(_with_files(found, execution))
            if not named:
                named = tuple(_used(previous, execution.properties.get(OBSERVED, {})))
            return Why(execution, execution.reason, previous, named)
    return Why(execution, execution.reason)


def nearest(store: MetadataStore, execution: Execution) -> Execution | None:
    """Find the latest earlier execution of the same node and iteration that has a manifest."""
    node = f"{execution.pipeline}.{execution.node_id}"
    for other in store.recent_executions(execution.component, node=node, limit=LOOK_BACK):
        earlier = not execution.id or other.id < execution.id
        if earlier and other.iteration == execution.iteration and _is_readable(other):
            return other
    return None


def explain(workspace: Workspace, key: Key, expected: Execution) -> list[Change]:
    """List the differences of a key from the nearest earlier execution of `expected`'s node.

    If there are none, those of what it was seen to use.
    """
    previous = nearest(workspace.store, expected)
    if previous is None:
        return []
    found = list(_with_files(compare(_load(workspace.store, previous), _of(key)), expected))
    kept = previous.properties.get(OBSERVED, {})
    return found or list(_used(previous, facts_now(kept, previous.cache_key, workspace)))


def first_difference(before: Key, after: Key) -> str:
    """Return the first difference of two keys in words; empty if there is none."""
    return next(map(str, compare(_of(before), _of(after))), "")


def _used(previous: Execution, after: Facts) -> Iterator[Change]:
    """Yield the differences of what an execution was seen to use."""
    for each in changes(previous.properties.get(OBSERVED, {}), after):
        yield Change(each.part, each.name, after=each.words)


def _of(key: Key) -> _Manifest:
    return _Manifest(key.manifest, lambda name: key.sources.get(name, ""))


@dataclass(frozen=True)
class _Manifest:
    """The parts of a key, and the source of each part of the code by its name."""

    parts: Mapping[str, Any]
    source: Callable[[str], str]


def _load(store: MetadataStore, execution: Execution) -> _Manifest:
    data = json.loads(execution.manifest)
    digests = data["sources"]
    return _Manifest(data["parts"], lambda name: store.get_document(digests.get(name, "")) or "")


def _is_readable(execution: Execution) -> bool:
    """Return True if an execution has a manifest that nobody has damaged."""
    try:
        data = json.loads(execution.manifest)
    except (ValueError, RecursionError):
        return False
    parts = data.get("parts") if isinstance(data, dict) else None
    return isinstance(parts, dict) and isinstance(data.get("sources"), dict)


def compare(before: _Manifest, after: _Manifest) -> Iterator[Change]:
    """Yield every difference between two manifests, code first."""
    for name, old, new in _differences(before, after, "code"):
        text = diff(before.source(name), after.source(name), name)
        yield Change("code", name, old, new, text)
    for part, section in _SECTIONS.items():
        for name, old, new in _differences(before, after, section):
            yield Change(part, name, old, new)
    for part in ("component", "lock", "executor", "salt"):
        was, now = before.parts.get(part), after.parts.get(part)
        if was != now:
            yield Change(part, "", _words(was), _words(now))


def _with_files(changes: Iterable[Change], execution: Execution) -> Iterator[Change]:
    """Add to changes the names of the input files whose content differs."""
    for change in changes:
        path = execution.parameters.get(change.name)
        content = change.before.startswith(_CONTENT) and change.after.startswith(_CONTENT)
        if change.part == "parameter" and content and isinstance(path, str):
            yield replace(change, file=path)
        else:
            yield change


_CONTENT = "content "

_SECTIONS = {
    "parameter": "parameters",
    "order": "order",
    "input": "inputs",
    "package": "packages",
    "output": "outputs",
}


def _differences(
    before: _Manifest, after: _Manifest, section: str
) -> Iterator[tuple[str, str, str]]:
    old, new = before.parts.get(section, {}), after.parts.get(section, {})
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield name, _words(old.get(name)), _words(new.get(name))


def _words(value: Any) -> str:
    """Return a value of a manifest in words; digests are shortened to 12 digits."""
    match value:
        case None:
            return ""
        case {"content": str(digest)}:
            return f"{_CONTENT}{digest[:12]}"
        case {"module": str(name)}:
            return f"module {name}"
        case {"missing": str(path)}:
            return f"{path}, which does not exist"
        case _:
            text = json.dumps(value)
            return text if len(text) <= 80 else f"{text[:77]}..."
