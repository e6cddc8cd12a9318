"""Code that a component reaches, by static analysis: no code of the user is imported.

Single symbols count: the function, the names that it uses, what those use, in its own module and
in those that it imports, through any chain of imports, and the statements that run for their
effect. A neighbour in the same file does not.

Where code decides by itself what it uses (`globals()`, `exec`, `import_module(name)`), more counts
rather than less. What is found only when the code runs is observed then: see `cache.observed`.
"""

# A repeated analysis asks for the status of some twenty files, and shall take microseconds.
# ruff: noqa: PTH109, PTH116

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mlops_pipeline.code.differences import diff
from mlops_pipeline.code.find_module import Finder
from mlops_pipeline.code.reachable import Reach
from mlops_pipeline.roots import FIELDS, Stamp

__all__ = ["CodeParts", "code_parts", "diff", "merged", "package_now"]


@dataclass(frozen=True)
class CodeParts:
    """The code that a component reaches.

    Args:
        parts: digest of each part in normal form: `penguin/model.py::build` for a symbol with the
            imports that it uses, `penguin/model.py::<top level>` for the statements that run for
            their effect, `penguin/model.py` for a file that can only count as a whole.
        sources: the text of the file that each part is in, as it stands.
        packages: versions of the third-party distributions that are imported, and digests of their
            files; `missing` for an import that leads nowhere.
        files: SHA-256 of the bytes of each file, by path.
        stamps: stamps of the files and folders that it was read from; empty if they would not show
            each change.
        variables: environment variables that functions of Python read which are called (`TZ`).
    """

    parts: Mapping[str, str]
    sources: Mapping[str, str]
    packages: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict, compare=False)
    stamps: tuple[tuple[str, Stamp | None], ...] = field(default=(), compare=False)
    variables: tuple[str, ...] = ()

    def is_surely_current(self) -> bool:
        """Return True if the files are as they were; False if only reading them can tell."""
        return bool(self.stamps) and all(_stamp(path) == stamp for path, stamp in self.stamps)


_RESULTS: dict[tuple[object, ...], CodeParts] = {}


def code_parts(
    target: str,
    import_paths: Sequence[str],
    files: Sequence[Path] = (),
    mentioned: Sequence[str] = (),
) -> CodeParts:
    """Return the code that a component reaches.

    Args:
        target: `module:qualname` of the function or class.
        import_paths: folders in which modules are looked for, before those of `sys.path`.
        files: Python files that are handed to the component; they see their neighbours.
        mentioned: texts that are handed to it and may name a function (`module:name` or dotted);
            the first-party modules among them count, other texts do not matter.

    Raises:
        CompileError: the module is not there, or a file that is reached is not Python.
        NotFoundError: one of `files` is not there.
    """
    key = (
        target,
        tuple(import_paths),
        tuple(map(str, files)),
        tuple(mentioned),
        tuple(sys.path),
        os.getcwd(),
    )
    known = _RESULTS.get(key)
    if known is not None and known.is_surely_current():
        return known
    reach = Reach(Finder(import_paths))
    for file in files:
        reach.enter_file(file)
    reach.enter(target)
    for text in mentioned:
        reach.enter_mention(text)
    result = _summary(reach)
    if result.stamps:
        _RESULTS[key] = result
    return result


def merged(found: Sequence[CodeParts]) -> CodeParts:
    """Return the code that several components reach, as one."""
    stamps = {path: stamp for each in found for path, stamp in each.stamps}
    return CodeParts(
        {name: digest for each in found for name, digest in each.parts.items()},
        {name: text for each in found for name, text in each.sources.items()},
        {name: version for each in found for name, version in each.packages.items()},
        {path: digest for each in found for path, digest in each.files.items()},
        tuple(stamps.items()) if all(each.stamps for each in found) else (),
        tuple(sorted({name for each in found for name in each.variables})),
    )


def package_now(name: str, import_paths: Sequence[str]) -> tuple[str, str]:
    """Return distribution and version with digest of an installed module; empty if it is none."""
    return Reach(Finder(import_paths)).package_of(name)


def _summary(reach: Reach) -> CodeParts:
    found = sorted(reach.parts(), key=lambda part: part.name)
    return CodeParts(
        {part.name: _digest(part.text) for part in found},
        {part.name: part.source for part in found},
        dict(sorted(reach.packages.items())),
        reach.files(),
        tuple(reach.finder.watched.items()) if reach.finder.settled else (),
        tuple(sorted(reach.variables)),
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _stamp(path: str) -> Stamp | None:
    try:
        return Stamp._make(FIELDS(os.stat(path)))
    except OSError:
        return None
