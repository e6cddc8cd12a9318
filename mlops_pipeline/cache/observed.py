"""The second half of the cache: what a result was seen to use has to be as it was.

An execution keeps it in the property `OBSERVED`. Names are absolute, relative to the current
folder where the code gave them so, or begin with `base:` for what lies below the pipeline's folder.
Of an environment variable only a salted digest is kept.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from mlops_pipeline.code import load_source, package_now
from mlops_pipeline.errors import PipelineError
from mlops_pipeline.executors import (
    THERE,
    Observed,
    listing,
    mark_at,
    variable_digest,
    variable_in,
)
from mlops_pipeline.roots import Stamp, digest_path, is_settled, stamp_of
from mlops_pipeline.run_state import Workspace
from mlops_pipeline.store import Execution

Facts = Mapping[str, Mapping[str, Any]]
"""Facts by section and name: `files`, `folders`, `modules`, `environment`, `marks`."""

_BASE = "base:"
_DIGITS = 24
_LARGEST = 16 * 1024
_LINES = 400
_NAMES = 400


class UsedChange(NamedTuple):
    """Something that an execution used and that differs now."""

    part: str
    name: str
    words: str

    def __str__(self) -> str:
        prefix = {"variable": "environment variable ", "installed": "package "}.get(self.part, "")
        return f"{prefix}{self.name} {self.words}"


_LIKE = {"LANG": ("LC_ALL", "LC_CTYPE", "LC_COLLATE", "LC_NUMERIC", "LANG")}


def with_variables(observed: Observed, names: Sequence[str], key: str) -> Observed:
    """Add environment variables that functions of Python read for the code of a key."""
    used = {each for name in names for each in _LIKE.get(name, (name,))}
    now = {name: variable_digest(key, variable_in(os.environb, name)) for name in used}
    return replace(observed, environment={**now, **observed.environment})


def keep(
    observed: Observed,
    covered: Mapping[str, str],
    workspace: Workspace,
    known: Collection[str] = (),
) -> dict[str, Any]:
    """Return what an execution keeps of an observation; empty if nothing was used.

    Args:
        covered: SHA-256 of the files of code that the key covers, by path.
        known: distributions that the key covers.

    Returns:
        Facts by section; or `changed`, if the result must not be reused.
    """
    changed = observed.changed or _changed_since(observed, covered)
    if not changed and not observed.complete:
        changed = "it used more files than are kept: give it their folder as a Path parameter"
    if changed:
        return {"changed": changed}
    names = {name: _kept_name(name, workspace) for name in (*observed.files, *observed.folders)}
    new = [n for n in observed.packages if n.partition(".")[0].replace("_", "-") not in known]
    packages = {n: package_now(n, workspace.import_paths) for n in new}
    modules = [path for path in observed.modules if path not in covered]
    found = {
        "files": {names[n]: _file_fact(n, stamp, workspace) for n, stamp in observed.files.items()},
        "folders": {names[n]: _folder_fact(each) for n, each in observed.folders.items()},
        "modules": {_kept_name(path, workspace): _module_fact(path) for path in modules},
        "environment": dict(observed.environment),
        "packages": {
            n: text for n, (found, text) in packages.items() if found and found not in known
        },
        "marks": {_kept_name(name, workspace): mark for name, mark in observed.marks.items()},
    }
    return {section: facts for section, facts in found.items() if facts}


def _changed_since(observed: Observed, covered: Mapping[str, str]) -> str:
    """Return which file has changed since it was used, in words; empty if none."""
    for path, digest in observed.modules.items():
        if _digest_of_source(path) != digest:
            return f"{Path(path).name} changed while it ran"
    for name, stamp in observed.files.items():
        now = _stamp(name)
        if now != stamp and not (now and stamp == THERE):
            return f"{name} changed while it ran"
    return ""


def _digest_of_source(path: str) -> str:
    try:
        return load_source(path)[0].digest
    except PipelineError:
        return ""


def _stamp(name: str) -> str:
    try:
        return stamp_of(Path(name).stat()).text
    except OSError:
        return ""


def _kept_name(name: str, workspace: Workspace) -> str:
    base = f"{workspace.base_dir}/"
    if f"{name}/" == base:
        return f"{_BASE}."
    return _BASE + name[len(base) :] if name.startswith(base) else name


def _path(name: str, workspace: Workspace) -> str:
    if name.startswith(_BASE):
        return f"{workspace.base_dir}/{name[len(_BASE) :]}"
    return os.path.abspath(name)  # noqa: PTH100 - links are kept


_READ: dict[str, tuple[Stamp, str]] = {}
"""Facts about files by path, with the stamps that they had: many nodes may use the same file."""


def _file_fact(name: str, kind: str, workspace: Workspace) -> str:
    """Return the digest of a file, and short ones of its lines; empty if it is not there."""
    path = Path(name)
    if kind == THERE:
        return THERE if path.exists() else ""
    started = time.time_ns()
    try:
        status = path.stat()
        stamp = stamp_of(status)
        known = None if workspace.verify == "always" else _READ.get(name)
        if known is not None and known[0] == stamp:
            return known[1]
        fact = _digests_of(path, status, workspace)
    except (PipelineError, OSError):
        return ""
    if name.startswith("/") and stat.S_ISREG(status.st_mode) and is_settled(stamp, started):
        _READ[name] = (stamp, fact)
    return fact


def _digests_of(path: Path, status: os.stat_result, workspace: Workspace) -> str:
    digest = digest_path(path, workspace.digests)[:_DIGITS]
    if stat.S_ISDIR(status.st_mode) or status.st_size > _LARGEST:
        return digest
    lines = path.read_bytes().splitlines()
    if len(lines) > _LINES:
        return digest
    return f"{digest}:{''.join(hashlib.sha256(line).hexdigest()[:4] for line in lines)}"


def _folder_fact(names: list[str]) -> list[str]:
    if len(names) <= _NAMES:
        return names
    kind, *rest = names
    return [kind, f"digest:{hashlib.sha256('/'.join(rest).encode()).hexdigest()[:_DIGITS]}"]


def _module_fact(path: str) -> str:
    try:
        source = load_source(path)[0]
    except PipelineError:
        return ""
    return hashlib.sha256(source.whole.text.encode("utf-8", "backslashreplace")).hexdigest()[
        :_DIGITS
    ]


def facts_now(kept: Facts, key: str, workspace: Workspace) -> Facts:
    """Return the same facts as they are now."""

    def folder(name: str, before: list[str]) -> list[str]:
        return _folder_fact([before[0], *listing(_path(name, workspace), before[0])])

    def variable(name: str) -> str:
        return variable_digest(key, variable_in(os.environb, name))

    return {
        "files": {
            n: _file_fact(_path(n, workspace), before, workspace)
            for n, before in kept.get("files", {}).items()
        },
        "folders": {n: folder(n, before) for n, before in kept.get("folders", {}).items()},
        "modules": {n: _module_fact(_path(n, workspace)) for n in kept.get("modules", ())},
        "environment": {name: variable(name) for name in kept.get("environment", ())},
        "packages": {
            n: package_now(n, workspace.import_paths)[1] for n in kept.get("packages", ())
        },
        "marks": {
            n: mark_at(_path(n, workspace), mark.partition(":")[0])
            for n, mark in kept.get("marks", {}).items()
        },
    }


def why_it_does_not_hold(kept: Facts, execution: Execution, workspace: Workspace) -> str:
    """Return why a result with an observation cannot be reused; empty if it can.

    Args:
        kept: what the execution was seen to use.
    """
    by = f"execution {execution.id} of run {execution.run_id}"
    if "changed" in kept:
        return f"{by} is not reused: {kept['changed']}"
    first = next(changes(kept, facts_now(kept, execution.cache_key, workspace)), None)
    return f"{first}, which {by} used" if first else ""


def changes(before: Facts, after: Facts) -> Iterator[UsedChange]:
    """Yield the differences of facts that are known on both sides."""
    for section, (part, words) in _SECTIONS.items() if "changed" not in before else ():
        new = after.get(section, {})
        for name, old in sorted(before.get(section, {}).items()):
            if name in new and new[name] != old:
                yield from words(part, name.removeprefix(_BASE), old, new[name])


def _verb(part: str, name: str, old: str, new: str) -> Iterator[UsedChange]:
    gone, there = (
        ("is no longer set", "is set now") if part == "variable" else ("is gone", "is new")
    )
    words = "changed" if old and new else (there if new else gone)
    yield UsedChange(part, name, "stands for other variables" if name.endswith("*") else words)


def _file_words(part: str, name: str, old: str, new: str) -> Iterator[UsedChange]:
    if not old or not new:
        yield UsedChange(part, name, "is there now" if new else "is gone")
        return
    was, now = (text.partition(":")[2] for text in (old, new))
    same = 0
    while same < min(len(was), len(now)) and was[same : same + 4] == now[same : same + 4]:
        same += 4
    line = f" in line {same // 4 + 1}" if was or now else ""
    yield UsedChange(part, name, f"changed{line}")


def _folder_words(part: str, name: str, old: list[str], new: list[str]) -> Iterator[UsedChange]:
    folder = "" if name in (".", "") else f"{name.rstrip('/')}/"
    if any(each.startswith("digest:") for each in (*old, *new)):
        yield UsedChange(part, name, "has other files than when it was listed")
        return
    for each in sorted({*new} - {*old}):
        yield UsedChange(part, f"{folder}{each}", "is new in a folder that was listed")
    for each in sorted({*old} - {*new}):
        yield UsedChange(part, f"{folder}{each}", "is gone from a folder that was listed")


def _mark_words(part: str, name: str, old: str, new: str) -> Iterator[UsedChange]:
    kind, _, value = new.partition(":")
    words = f"leads to {value}" if kind == "link" and value else "has other permissions"
    yield UsedChange(part, name, words if value else "is gone")


def _package_words(part: str, name: str, old: str, new: str) -> Iterator[UsedChange]:
    yield UsedChange(part, name, f"{old} -> {new}" if new else "is no longer installed")


_SECTIONS: dict[str, tuple[str, Any]] = {
    "modules": ("module", _verb),
    "files": ("file", _file_words),
    "folders": ("folder", _folder_words),
    "environment": ("variable", _verb),
    "packages": ("installed", _package_words),
    "marks": ("file", _mark_words),
}
