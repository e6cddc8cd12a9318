"""Columns that are in the names of folders, as in `country=DE/part-0.parquet`.

What Hive, Spark and pandas write with partition columns has them nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from mlops_components.inputs.splits import InputSplit
from mlops_pipeline.errors import ExecutorError

if TYPE_CHECKING:
    from mlops_components.records._encode import Column

_NULL = "__HIVE_DEFAULT_PARTITION__"
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")


@dataclass(frozen=True)
class Partitions:
    """Values by file, and the columns that are whole numbers; all others are texts."""

    values: Mapping[Path, Mapping[str, str | None]] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()

    def checked(self, own: Iterable[str]) -> Partitions:
        """Return these columns, if each file has the same of them.

        Args:
            own: columns that every file has itself.

        Raises:
            ExecutorError: the name of a column is in the folders of some files only.
        """
        known = set(own)
        names = {path: set(values) - known for path, values in self.values.items()}
        every = set().union(*names.values())
        for path, found in names.items():
            if lacking := sorted(every - found):
                other = next(p for p, some in names.items() if lacking[0] in some)
                raise ExecutorError(
                    f"{path} has no folder {lacking[0]}=... in its path, as {other} has",
                    hint="move it to such a folder, or leave it out by the pattern of the split",
                    retryable=False,
                )
        return self

    def kinds(self, path: Path) -> dict[str, str]:
        """Return what each column of a file holds, in words."""
        names = self.values.get(path, {})
        return {name: "whole numbers" if name in self.whole else "texts" for name in names}

    def columns(self, path: Path, rows: int, own: Iterable[str]) -> list[Column]:
        """Return the columns of some rows of a file, without those that the file has itself."""
        import pyarrow as pa

        from mlops_components.records._encode import column_of

        known = set(own)
        made = []
        for name, value in self.values.get(path, {}).items():
            if name in known:
                continue
            if name in self.whole:
                numbers = pa.array([None if value is None else int(value)] * rows, pa.int64())
                made.append(column_of(name, "int", numbers))
            else:
                texts = pa.array([None if value is None else value.encode()] * rows, pa.binary())
                made.append(column_of(name, "bytes", texts))
        return made


def partitions_of(
    base: Path, splits: Sequence[InputSplit], files: Mapping[str, Sequence[Path]]
) -> Partitions:
    """Return the columns in the names of the folders below `base`.

    A folder that a pattern finds a span, a version or a date in is none.

    Args:
        files: by input split.
    """
    values: dict[Path, dict[str, str | None]] = {}
    for split in splits:
        spans = {part.partition("=")[0] for part in Path(split.pattern).parts if "{" in part}
        for path in files.get(split.name, ()):
            if path != base:
                pairs = map(_pair, path.relative_to(base).parts[:-1])
                values[path] = {
                    name: value for name, value in filter(None, pairs) if name not in spans
                }
    found: dict[str, list[str]] = {}
    for of_file in values.values():
        for name, value in of_file.items():
            found.setdefault(name, []).extend([] if value is None else [value])
    whole = {name for name, texts in found.items() if texts and all(map(_WHOLE.fullmatch, texts))}
    return Partitions(values, frozenset(whole))


def _pair(folder: str) -> tuple[str, str | None] | None:
    name, sign, value = folder.partition("=")
    if not sign or not name:
        return None
    return unquote(name), None if value == _NULL else unquote(value)
