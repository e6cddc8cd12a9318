"""A circuit: versions that fail where others answer are left alone for a while."""

from __future__ import annotations

import collections
import time
from collections.abc import Callable

_LAST = 10
_MOST_FAILURES = 5
_OPEN_SECONDS = 5.0


class Circuit:
    """Opens on five failures among the last ten tries, and lets one try through after a while."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: collections.deque[bool] = collections.deque(maxlen=_LAST)
        self._try_at = 0.0

    @property
    def is_open(self) -> bool:
        """True while the version is not to be asked; asking is a try, and so is noted."""
        if not self._try_at:
            return False
        if self._clock() < self._try_at:
            return True
        # One try; the others wait for what comes of it.
        self._try_at = self._clock() + _OPEN_SECONDS
        return False

    def note(self, good: bool) -> None:
        """Note what came of a try."""
        if good and self._try_at:
            self._last.clear()
        self._last.append(good)
        failures = self._last.count(False)
        if failures >= _MOST_FAILURES:
            self._try_at = self._try_at or self._clock() + _OPEN_SECONDS
        elif good:
            self._try_at = 0.0
