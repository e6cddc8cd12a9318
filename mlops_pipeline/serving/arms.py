"""Arms of a rollout: which version a key is assigned to, the same at every request."""

from __future__ import annotations

import hashlib
from enum import Enum

_SEPARATOR = b"\x1f"


class Arm(str, Enum):
    """What a request is assigned to."""

    CANDIDATE = "candidate"
    BASELINE = "baseline"
    CHAMPION = "champion"


def draw(salt: str, key: str) -> float:
    """Return the number from 0 to 1 that belongs to a key."""
    text = salt.encode() + _SEPARATOR + key.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") / 2**64


def arm_of(salt: str, key: str, weight: float) -> Arm:
    """Return the arm of a key: the candidate, as large a baseline, or the rest.

    A request without a key is of the rest: it cannot stay where it is put.
    """
    if not key or weight <= 0:
        return Arm.CHAMPION
    drawn = draw(salt, key)
    if drawn < weight:
        return Arm.CANDIDATE
    return Arm.BASELINE if drawn < 2 * weight else Arm.CHAMPION
