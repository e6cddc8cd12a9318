"""Files of splits with the rows that they hold: who reads fewer has not read them all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ExecutorError

_SHARD = re.compile(r"(.*)-(\d+)-of-(\d+)(?:\..*)?")

RECORDED = "num_examples"
"""Property of examples and of statistics: the number of rows, by split."""


class SplitFiles(list[Path]):
    """The files of a split, or of several.

    Args:
        files: in order.
        named: what to call them in errors.
        rows: how many the examples record; None if they do not.
    """

    def __init__(self, files: Iterable[Path], named: str, rows: int | None) -> None:
        super().__init__(files)
        self.named = named
        self.rows = rows

    def check(self, read: int, where: str) -> None:
        """Compare the number of rows read with the recorded one.

        Args:
            where: who read them, for the error.

        Raises:
            ExecutorError: it is less.
        """
        if self.rows is None or read >= self.rows:
            return
        files = [str(file) for file in self]
        shown = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
        raise ExecutorError(
            f"{self.named}: {read} of {self.rows} rows were read from {shown} ({where})",
            hint="see that all files are there, for every worker; else write the examples again",
            retryable=False,
        )

    def check_whole(self) -> None:
        """Make sure that of files that are numbered `-00000-of-00002` none is missing.

        Raises:
            ExecutorError: one is, and there should be rows.
        """
        shards: dict[tuple[str, int], set[int]] = {}
        for file in self if self.rows else ():
            match = _SHARD.fullmatch(file.name)
            if match:
                shards.setdefault((match[1], int(match[3])), set()).add(int(match[2]))
        for (prefix, total), numbers in shards.items():
            if missing := sorted(set(range(total)) - numbers):
                raise ExecutorError(
                    f"{self.named} lacks {prefix}-{missing[0]:05d}-of-{total:05d}, "
                    f"{len(missing)} of {total} files",
                    hint="write the examples again",
                    retryable=False,
                )

    def counted(self, lists: Iterable[list[bytes]]) -> Iterator[list[bytes]]:
        """Yield the records of the files, and check at the end that there were enough."""
        read = 0
        for records in lists:
            read += len(records)
            yield records
        self.check(read, "in this process")


def recorded_rows(examples: Examples, split: str) -> int | None:
    """Return the number of rows that examples record for a split."""
    recorded = examples.properties.get(RECORDED)
    rows = recorded.get(split) if isinstance(recorded, dict) else None
    return int(rows) if isinstance(rows, int | float) else None


def joined(parts: Iterable[SplitFiles]) -> SplitFiles:
    """Return the files of several splits as one."""
    found = list(parts)
    rows = [part.rows for part in found]
    known = [each for each in rows if each is not None]
    return SplitFiles(
        (file for part in found for file in part),
        " and ".join(dict.fromkeys(part.named for part in found)),
        sum(known) if len(known) == len(rows) else None,
    )
