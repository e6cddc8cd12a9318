"""What a log keeps: of each feature all, nothing, a pseudonym, or the bucket that it falls into."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_pipeline.errors import SettingsError, did_you_mean
from mlops_pipeline.settings import read_toml

KEEP, DROP, HASH = "keep", "drop", "hash"
_WAYS = (KEEP, DROP, HASH)

Buckets = tuple[float, ...]
Treatment = str | Buckets
"""`keep`, `drop`, `hash`, or the edges of buckets."""


@dataclass(frozen=True)
class LogPolicy:
    """Choice of what is kept of requests.

    Args:
        features: by name; what is not named is dropped.
        outputs: by name; what is not named is kept.
        sample: share of the keys whose requests are logged.
    """

    features: Mapping[str, Treatment] = field(default_factory=dict)
    outputs: Mapping[str, Treatment] = field(default_factory=dict)
    sample: float = 1.0

    def of_feature(self, name: str) -> Treatment:
        """Return what is done with a feature."""
        return self.features.get(name, DROP)

    def of_output(self, name: str) -> Treatment:
        """Return what is done with an output."""
        return self.outputs.get(name, KEEP)


def treated(value: Any, treatment: Treatment, hashed: Callable[[str], str]) -> Any:
    """Return what is kept of a value that is not dropped; a list is treated value by value."""
    if treatment == KEEP:
        return value
    if isinstance(value, list | tuple):
        return [treated(each, treatment, hashed) for each in value]
    if treatment == HASH:
        return hashed(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))
    return bucket_of(value, treatment)


def bucket_of(value: Any, edges: Treatment) -> int | None:
    """Return how many edges are at or below a number; None for what is no number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not isinstance(edges, tuple) or math.isnan(value):
        return None
    return bisect.bisect_right(edges, value)


def read_log_policy(path: Path) -> LogPolicy:
    """Read a policy from a TOML file.

    Raises:
        SettingsError: it is not there, or says something that no policy says.
    """
    told = read_toml(path)
    for name in told:
        if name not in ("features", "outputs", "sample"):
            raise SettingsError(
                f"{path}: a policy has no {name!r}",
                hint=did_you_mean(name, ("features", "outputs", "sample")),
            )
    sample = told.get("sample", 1.0)
    return LogPolicy(
        _treatments(path, told, "features"),
        _treatments(path, told, "outputs"),
        check_share(sample, f"{path}: sample"),
    )


def check_share(value: Any, name: str) -> float:
    """Return a share of the keys.

    Raises:
        SettingsError: it is none.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= 1:
        raise SettingsError(f"{name} is {value!r}, which is no share", hint="give 0 to 1")
    return float(value)


def _treatments(path: Path, told: Mapping[str, Any], part: str) -> dict[str, Treatment]:
    given = told.get(part, {})
    if not isinstance(given, Mapping):
        raise SettingsError(f"{path}: {part} is no table", hint=f'write [{part}] and name = "keep"')
    return {name: _treatment(f"{path}: {part}.{name}", value) for name, value in given.items()}


def _treatment(name: str, value: Any) -> Treatment:
    if isinstance(value, str) and value in _WAYS:
        return value
    edges = value.get("bucket") if isinstance(value, Mapping) and len(value) == 1 else None
    hint = 'write "keep", "drop", "hash" or { bucket = [0, 10, 100] }'
    if not isinstance(edges, list) or not edges:
        raise SettingsError(f"{name} is {value!r}, which is no way to keep a feature", hint=hint)
    sound = all(isinstance(e, int | float) and not isinstance(e, bool) for e in edges)
    if not sound or not all(map(math.isfinite, edges)) or sorted(set(edges)) != edges:
        raise SettingsError(
            f"{name}: the edges of buckets are {edges!r}", hint="give numbers that grow"
        )
    return tuple(float(each) for each in edges)
