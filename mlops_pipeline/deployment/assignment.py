"""Sends keys, such as users, to the arms of a rollout: the same key always to the same arm.

The candidate has the keys from 0 up to the weight w, an equal baseline those from w to 2w: it is
answered by the champion, and compared with the candidate instead of all that the champion
answers (as Kayenta does). While w grows, whoever had the candidate keeps it.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable

from mlops_pipeline.errors import ParameterError

LARGEST_WEIGHT = 0.5
"""The candidate and the baseline share the keys at most half and half."""

_SEPARATOR = b"\x1f"


class Arm(str, enum.Enum):
    """Arm of a rollout; `BASELINE` and `CHAMPION` are answered by the same version."""

    CANDIDATE = "candidate"
    BASELINE = "baseline"
    CHAMPION = "champion"

    def __str__(self) -> str:
        return self.value


Assigner = Callable[[str, str], float]
"""Function from a salt and a key to a number from 0 up to, and without, 1."""


def unit_of(salt: str, key: str) -> float:
    """Return a number from [0, 1) for a key, even over all keys, and independent between salts."""
    data = _bytes(salt) + _SEPARATOR + _bytes(key)
    number = int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")
    # 53 bits are what a float holds: more would round up to 1.
    return (number >> 11) / (1 << 53)


def arm_of(key: str, weight: float, salt: str, unit: Assigner = unit_of) -> Arm:
    """Return the arm of a key; one without a key is the champion's, and not analysed.

    Args:
        weight: share of the candidate, and of the baseline.
        salt: the rollout: another one draws anew who is in.

    Raises:
        ParameterError: the weight is no share that both can have.
    """
    if not 0 <= weight <= LARGEST_WEIGHT:
        raise ParameterError(
            f"the weight of the candidate is {weight}",
            hint="give a share from 0 to 0.5: the baseline has as many keys",
        )
    if not key:
        return Arm.CHAMPION
    at = unit(salt, key)
    if at < weight:
        return Arm.CANDIDATE
    return Arm.BASELINE if at < 2 * weight else Arm.CHAMPION


def fnv32a(text: str) -> int:
    """Return the FNV-1a hash of a text, in 32 bits."""
    value = 0x811C9DC5
    for byte in _bytes(text):
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def growthbook_unit(salt: str, key: str) -> float:
    """Return the number that GrowthBook's SDKs (hash version 2) have for a key.

    It is one of ten thousand: with it, weights below 0.0001 are none.
    """
    return fnv32a(str(fnv32a(salt + key))) % 10_000 / 10_000


def _bytes(text: str) -> bytes:
    # Keys come from requests: half a character of UTF-16 must not fail the answer.
    return text.encode("utf-8", "surrogatepass")
