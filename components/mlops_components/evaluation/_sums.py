"""Sums by group and cell: what most metrics are made of, added a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Numbers = Any
"""An array of floats."""

Indices = Any
"""An array of whole numbers."""

_CELLS = 1 << 32
_WAITING = 1 << 19


class Sums:
    """Sums of several values for each cell of each group, whichever of them occur.

    Batches are merged once many are waiting, so that the work stays in step with the rows, and
    the memory with the cells that there are.

    Args:
        width: how many values are summed.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._keys: list[Indices] = []
        self._values: list[Numbers] = []
        self._merged = 0

    def add(self, groups: Indices, cells: Indices, values: Sequence[Numbers]) -> None:
        """Add values to the cells of groups; all have one entry for each addition."""
        keys, sums = _summed(groups * _CELLS + cells, values)
        self._keys.append(keys)
        self._values.append(sums)
        if sum(map(len, self._keys)) > max(_WAITING, 2 * self._merged):
            self._merge()

    def of(self, groups: Sequence[int]) -> tuple[Indices, Numbers]:
        """Return the cells of some groups taken together, in order, and their sums."""
        self._merge()
        keys, values = self._keys[0], self._values[0]
        parts = [
            slice(*np.searchsorted(keys, [group * _CELLS, (group + 1) * _CELLS]))
            for group in groups
        ]
        if len(parts) == 1:
            return keys[parts[0]] % _CELLS, values[parts[0]]
        cells = np.concatenate([keys[part] for part in parts]) % _CELLS
        return _summed(cells, np.concatenate([values[part] for part in parts]).T)

    def _merge(self) -> None:
        if len(self._keys) == 1:
            return
        empty = (np.zeros(0, np.int64), np.zeros((0, self._width)))
        keys = np.concatenate([empty[0], *self._keys])
        merged, sums = _summed(keys, np.concatenate([empty[1], *self._values]).T)
        self._keys, self._values, self._merged = [merged], [sums], len(merged)


def _summed(keys: Indices, values: Sequence[Numbers] | Numbers) -> tuple[Indices, Numbers]:
    """Return the distinct keys in order, and the sums of the values of each."""
    distinct, groups = np.unique(keys, return_inverse=True)
    sums = [np.bincount(groups, weights=value, minlength=len(distinct)) for value in values]
    return distinct, np.stack(sums, axis=1)
