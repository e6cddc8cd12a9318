"""Empty a spool to a back end, at another pace than runs: a slow or dead one holds up nobody."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_pipeline.openlineage.client import Client, UnwantedError
from mlops_pipeline.openlineage.measured import with_measures
from mlops_pipeline.openlineage.spool import Place, Spool
from mlops_pipeline.settings import Settings

log = logging.getLogger(__name__)

BATCH = 50
"""Events after which the place in the spool is remembered: so many may be sent twice."""


@dataclass(frozen=True)
class Sent:
    """Result of emptying a spool.

    Args:
        refused: events that the back end did not want; they are dropped.
        error: why it ended early, with events left; empty if it did not.
        busy: another process is sending.
    """

    sent: int = 0
    refused: int = 0
    error: str = ""
    busy: bool = False


def send(spool: Spool, open_client: Callable[[], Client]) -> Sent:
    """Send what waits in a spool, oldest first; what is not taken stays.

    An event may be sent twice where a sender is killed: back ends know a run by its id.
    """
    total = Sent()
    while True:
        with spool.sender() as ours:
            if not ours:
                return total if total.sent else Sent(busy=True)
            now = _empty(spool, open_client)
        total = Sent(total.sent + now.sent, total.refused + now.refused, now.error)
        # Others that came while we had the lock have left their events to us.
        if now.error or not spool.state().waiting:
            return total


def _empty(spool: Spool, open_client: Callable[[], Client]) -> Sent:
    """Send what waits, as the only process that does."""
    sent, refused, place = 0, 0, Place(0, 0)
    client = open_client()
    try:
        for events, after in spool.batches(BATCH):
            unwanted = sum(not _wanted(client, event) for event in events)
            sent, refused, place = sent + len(events) - unwanted, refused + unwanted, after
            client.flush()
            spool.forget(after, refused=unwanted)
        client.close()
    except Exception as error:  # noqa: BLE001 - a transport may fail in any way
        said = f"{type(error).__name__}: {error}"
        spool.note(said)
        return Sent(sent, refused, said)
    spool.forget(place)
    return Sent(sent, refused)


def _wanted(client: Client, event: dict[str, Any]) -> bool:
    """Send an event; returns False if the back end will never take it."""
    try:
        client.emit(with_measures(event))
    except UnwantedError as error:
        log.warning("an event was refused: %s", error)
        return False
    return True


def send_aside(settings: Settings, start: Callable[..., Any] = subprocess.run) -> bool:
    """Begin to send in a process of its own, which outlives this one; returns whether it began.

    Args:
        start: runs a command, as `subprocess.run`.
    """
    if not settings.openlineage_url or not settings.openlineage_spool:
        return False
    sender = [sys.executable, "-m", "mlops_pipeline.cli", "openlineage", "send", "--quiet"]
    # The shell ends at once and leaves the process to the system, which waits for it.
    command = ["/bin/sh", "-c", '"$@" &', "sh", *sender]
    values = {
        f"MLOPS_{name.upper()}": str(getattr(settings, name))
        for name in settings.__struct_fields__
        if name.startswith("openlineage_") and getattr(settings, name)
    }
    try:
        start(
            command,
            env={**os.environ, **values},
            cwd=Path("/"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        log.debug("events are not sent: %s", error)
        return False
    return True
