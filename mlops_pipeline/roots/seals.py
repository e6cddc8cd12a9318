"""Seals: proof that this user has written what a file or a store holds.

A seal is a keyed digest (BLAKE2b, 16 bytes). The key is in a file that only its user can read:
`key` in the folder `mlops` of the user's state folder, or the file that `MLOPS_KEY_FILE` names,
which a team may share. Without a file to keep it in, each process has a key of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import secrets
import stat
from functools import lru_cache
from hmac import compare_digest
from pathlib import Path

log = logging.getLogger(__name__)

KEY_FILE = "MLOPS_KEY_FILE"
"""Environment variable that names the file of the key."""

_BYTES = 32
_MOST = 64  # BLAKE2b takes no longer key


def seal(*texts: str) -> str:
    """Return the seal of some texts: the name of the key, a colon and the keyed digest."""
    key = _key()
    digest = hashlib.blake2b(key=key, digest_size=16)
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(data) + data)
    return f"{_name(key)}:{digest.hexdigest()}"


def is_sealed(given: str, *texts: str) -> bool:
    """Return True if this user has sealed these texts."""
    return compare_digest(given.encode("utf-8", "replace"), seal(*texts).encode())


def key_name() -> str:
    """Return the name of this user's key, which says nothing about it."""
    return _name(_key())


@lru_cache(maxsize=4)
def _name(key: bytes) -> str:
    return hashlib.blake2b(b"name", key=key, digest_size=4).hexdigest()


@lru_cache(maxsize=1)
def _key() -> bytes:
    try:
        return _kept_key(_file())
    except (OSError, RuntimeError, ValueError) as error:
        log.debug("no key is kept, so nothing sealed earlier counts: %s", error)
        return secrets.token_bytes(_BYTES)


def _file() -> Path:
    named = os.environ.get(KEY_FILE, "")
    state = os.environ.get("XDG_STATE_HOME", "")
    folder = Path(state) if state else Path.home() / ".local" / "state"
    return Path(named) if named else folder / "mlops" / "key"


def _kept_key(file: Path) -> bytes:
    """Read the key, or make one.

    Raises:
        OSError: it cannot be read or written.
        ValueError: the file is too short for a key, or others may write to it.
    """
    with contextlib.suppress(FileNotFoundError):
        return _read_key(file)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    made.touch(mode=0o600, exist_ok=False)
    made.write_bytes(secrets.token_bytes(_BYTES))
    try:
        # Of several processes that make one, the first has the name.
        with contextlib.suppress(FileExistsError):
            file.hardlink_to(made)
    finally:
        made.unlink()
    return _read_key(file)


def _read_key(file: Path) -> bytes:
    mode = file.stat().st_mode
    if mode & 0o022 or not stat.S_ISREG(mode):
        raise ValueError(f"{file} is no file, or others may write to it")
    key = file.read_bytes()
    if len(key) < _BYTES:
        raise ValueError(f"{file} has {len(key)} bytes, a key has at least {_BYTES}")
    return key if len(key) <= _MOST else hashlib.sha256(key).digest()
