"""Pseudonyms of keys, such as users: by a secret of each month, which can be erased.

Without the secret of a month nobody can tell which of its rows are somebody's, not even by trying
all names there are.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from mlops_pipeline.errors import ParameterError, SettingsError

_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_BYTES = 32


def period_of(at: float) -> str:
    """Return the month of a time, in UTC, as `2026-05`."""
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m")


class PeriodKeys:
    """The secrets of a log, one a month, in files that only their owner may read.

    Args:
        folder: of the log; the secrets are in `keys` below it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = Path(folder) / "keys"
        self._known: dict[str, tuple[tuple[int, int], bytes]] = {}

    def pseudonym(self, key: str, at: float) -> str:
        """Return what stands for a key in the month of a time; empty for an empty key.

        The secret of the month is made if there is none yet. Of a month that was erased the answer
        is empty.

        Raises:
            SettingsError: the secret cannot be read or made.
        """
        if not key:
            return ""
        period = period_of(at)
        secret = self._secret(period) or self._make(period)
        return _digest(secret, key)

    def known_pseudonym(self, key: str, at: float) -> str:
        """Return what stands for a key, without making a secret; empty if there is none.

        Raises:
            SettingsError: the secret cannot be read.
        """
        return _digest(self._secret(period_of(at)), key) if key else ""

    def periods(self) -> list[str]:
        """Return the months that have a secret."""
        return sorted(p.stem for p in self._folder.glob("*.key") if _PERIOD.fullmatch(p.stem))

    def erase(self, period: str) -> bool:
        """Erase the secret of a month for good; returns False if there was none.

        Raises:
            ParameterError: that is no month.
        """
        if not _PERIOD.fullmatch(period):
            raise ParameterError(f"{period[:50]!r} is no month", hint="write it as 2026-05")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # First the mark, so that no server makes a new secret for the rest of that month.
        (self._folder / f"{period}.erased").touch(mode=0o600)
        self._known.pop(period, None)
        path = self._path(period)
        try:
            size = path.stat().st_size
            with path.open("r+b") as file:
                file.write(bytes(size))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
        except FileNotFoundError:
            return False
        _sync(self._folder)
        return True

    def _path(self, period: str) -> Path:
        return self._folder / f"{period}.key"

    def _secret(self, period: str) -> bytes:
        """Return the secret of a month; empty if there is none (any more)."""
        path = self._path(period)
        try:
            status = path.stat()
            stamp = (status.st_ino, status.st_mtime_ns)
            known = self._known.get(period)
            if known and known[0] == stamp:
                return known[1]
            secret = path.read_bytes()
        except FileNotFoundError:
            self._known.pop(period, None)
            return b""
        except OSError as error:
            raise SettingsError(
                f"the secret {path} cannot be read: {error.strerror}",
                hint="the user of the server has to own it",
            ) from None
        if len(secret) != _BYTES:
            raise SettingsError(
                f"{path} is no secret of a log: it has {len(secret)} bytes",
                hint=f"erase the month: its rows cannot be told apart by key any more: {period}",
            )
        self._known[period] = (stamp, secret)
        return secret

    def _make(self, period: str) -> bytes:
        """Make the secret of a month, or take that of whoever was faster."""
        if (self._folder / f"{period}.erased").exists():
            return b""
        half = self._folder / f".{period}.{secrets.token_hex(8)}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(
                os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as file:
                file.write(secrets.token_bytes(_BYTES))
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(half, self._path(period))
            half.unlink()
            _sync(self._folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                half.unlink()
            raise SettingsError(
                f"no secret can be made in {self._folder}: {error.strerror}",
                hint="let the user of the server write there",
            ) from None
        return self._secret(period)


def _digest(secret: bytes, key: str) -> str:
    if not secret:
        return ""
    # Half a character of UTF-16 must not fail an answer.
    data = key.encode("utf-8", "surrogatepass")
    return hmac.new(secret, data, hashlib.sha256).hexdigest()[:32]


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
