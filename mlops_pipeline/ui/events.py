"""Hints for pages that are open: which of them would look different now.

A hint names a page and the tag that it would be answered with, and nothing of what it says. One
look serves all who listen, and a page that is dear to make is looked at more rarely.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

PAUSE = 1.0
"""Seconds from one look at a page to the next, at least."""

SHARE = 10
"""A look that takes long is followed by a pause of so many times its time."""

PING = 15.0
"""Seconds of silence after which something is sent, so that proxies keep the line."""

MOST_PAGES, MOST_STREAMS = 20, 64
"""Pages of one stream, and streams at a time."""

MOST_KNOWN = 200


@dataclass(frozen=True)
class _Look:
    """The tag of a page, and until when it is taken for granted."""

    tag: str
    until: float


class Hints:
    """Looks at pages for all who listen.

    Args:
        tag_of: makes a page, by its address, and returns its tag; empty if it cannot be made.
    """

    def __init__(self, tag_of: Callable[[str], str]) -> None:
        self._tag_of = tag_of
        self._known: dict[str, _Look] = {}
        self._busy: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._streams = 0

    @property
    def full(self) -> bool:
        """True if nobody else can listen."""
        return self._streams >= MOST_STREAMS

    async def stream(self, pages: Sequence[str]) -> AsyncIterator[str]:
        """Yield hints as server-sent events: the tags of pages now, and when one changes."""
        self._streams += 1
        try:
            seen: dict[str, str] = {}
            yield "retry: 2000\n\n"
            spoken = time.monotonic()
            while True:
                for page in pages:
                    tag = await self._tag(page)
                    if seen.get(page) != tag:
                        seen[page] = tag
                        spoken = time.monotonic()
                        yield f"data: {json.dumps({'page': page, 'tag': tag})}\n\n"
                if time.monotonic() - spoken > PING:
                    spoken = time.monotonic()
                    yield ": still here\n\n"
                await asyncio.sleep(PAUSE)
        finally:
            self._streams -= 1

    async def _tag(self, page: str) -> str:
        async with self._busy[page]:
            look, begun = self._known.get(page), time.monotonic()
            if look is None or begun >= look.until:
                tag = await run_in_threadpool(self._tag_of, page)
                ended = time.monotonic()
                look = _Look(tag, ended + max(PAUSE, SHARE * (ended - begun)))
                self._known[page] = look
        if len(self._known) > MOST_KNOWN:
            self._forget()
        return look.tag

    def _forget(self) -> None:
        """Forget the looks that end first, so that no more are known than may be."""
        ending = sorted(self._known, key=lambda page: self._known[page].until)
        for page in ending[: len(ending) - MOST_KNOWN]:
            del self._known[page]
            if not self._busy[page].locked():
                del self._busy[page]
