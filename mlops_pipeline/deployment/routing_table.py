"""The routing table: the versions that answer, in a file that is replaced as a whole."""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from mlops_pipeline.errors import SettingsError

log = logging.getLogger(__name__)


class ModelRoutes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The versions of one model.

    Args:
        champion: answers all that nothing else says; 0 for the newest that is loaded.
        candidate: answers a share of the keys.
        weight: that share, at most a half.
        salt: another one draws the keys again.
        shadow: versions that are asked, too, and whose answers nobody waits for.
        last_good: versions to fall back to, after the champion.
        labels: versions by name.
        rule: outputs for each row when no version answers.
    """

    champion: int = 0
    candidate: int = 0
    weight: float = 0.0
    salt: str = ""
    shadow: tuple[int, ...] = ()
    last_good: tuple[int, ...] = ()
    labels: dict[str, int] = {}
    rule: dict[str, Any] | None = None

    @property
    def versions(self) -> frozenset[int]:
        """All versions that are named."""
        named = (self.champion, self.candidate, *self.shadow, *self.last_good)
        return frozenset({*named, *self.labels.values()}) - {0}


class RoutingTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Routes of models by name; a newer table has a greater generation."""

    generation: int = 0
    models: dict[str, ModelRoutes] = {}


_NO_ROUTES = ModelRoutes()


def routes_of(table: RoutingTable, model: str) -> ModelRoutes:
    """Return the routes of a model; of one that is not in the table, the newest version answers."""
    return table.models.get(model, _NO_ROUTES)


def parse_table(data: bytes) -> RoutingTable:
    """Return the table in the bytes of a file.

    Raises:
        SettingsError: it is none.
    """
    try:
        table = msgspec.json.decode(data, type=RoutingTable)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _wrong(str(error)) from None
    for name, routes in table.models.items():
        if not 0 <= routes.weight <= 0.5:
            raise _wrong(f"the weight {routes.weight} of {name} is not from 0 to 0.5")
        if any(version < 0 for version in (routes.champion, *routes.versions)):
            raise _wrong(f"a version of {name} is below 0")
    return table


def _wrong(why: str) -> SettingsError:
    return SettingsError(f"the routing table cannot be used: {why}", hint="see docs/serving.md")


def write_table(path: Path, table: RoutingTable) -> None:
    """Replace the table of a file: readers find the old one or the new one, also after a crash."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(table), indent=2))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def update_routes(path: Path, model: str, wanted: Callable[[], ModelRoutes | None]) -> int:
    """Replace the routes of one model in a table that others may write, too.

    Args:
        wanted: gives the routes while nobody else writes, so that no older ones follow newer ones;
            None leaves the table as it is.

    Returns:
        The generation of the table that has them; the same one as before if it had them already.

    Raises:
        SettingsError: the file is no table, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_name(f".{path.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            table = parse_table(path.read_bytes()) if path.exists() else RoutingTable()
            routes = wanted()
            if routes is None or table.models.get(model) == routes:
                return table.generation
            models = {**table.models, model: routes}
            write_table(path, RoutingTable(table.generation + 1, models))
            return table.generation + 1
    except OSError as error:
        raise SettingsError(
            f"the routing table {path} cannot be written: {error.strerror}",
            hint="let the user of the controller write there",
        ) from None


class TableFile:
    """The table of a file, or of none, as it was when it could last be read."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen: object = None
        self.table = RoutingTable()
        self.error = ""

    def refresh(self) -> bool:
        """Read the file if it has changed; True if the table is another one now."""
        if self._path is None:
            return False
        try:
            facts = self._path.stat()
            stamp = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
            if stamp == self._seen:
                return False
            table = parse_table(self._path.read_bytes())
        except (OSError, SettingsError) as error:
            # The last good one goes on.
            self._complain(str(error))
            return False
        self._seen = stamp
        if table.generation < self.table.generation:
            self._complain(f"generation {table.generation} is older than the one in use")
            return False
        self.table, self.error = table, ""
        return True

    def _complain(self, error: str) -> None:
        if error != self.error:
            log.warning("%s: %s", self._path, error)
        self.error = error
