"""Options of a node: id, retries, timeout, cache, labels, resources, order."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypedDict

from mlops_pipeline.errors import DefinitionError, caller, did_you_mean
from mlops_pipeline.interface import shortened
from mlops_pipeline.ir import CacheIR, ResourcesIR, RetryIR

if TYPE_CHECKING:
    from mlops_pipeline.authoring.draft import Node

_MEMORY = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]i?)?B?")
_UNITS = {"": 1, **{u: 1000 ** (i + 1) for i, u in enumerate("KMGT")}}
_UNITS |= {f"{unit}i": 1024 ** (i + 1) for i, unit in enumerate("KMGT")}


def size_in_bytes(text: str) -> int | None:
    """Return the bytes that a text such as "4Gi" or "500M" stands for; None if it is no size.

    >>> size_in_bytes("4Gi")
    4294967296
    """
    match = _MEMORY.fullmatch(text.strip())
    return int(float(match[1]) * _UNITS[match[2] or ""]) if match else None


@dataclass(frozen=True)
class Cache:
    """Conditions for reusing an earlier result.

    Args:
        max_age: seconds after which a result no longer counts.
        salt: change it to start a new history.
        enabled: false to run every time.
    """

    max_age: float | None = None
    salt: str = ""
    enabled: bool = True


@dataclass(frozen=True)
class Resources:
    """Needs of a node: cores, memory, accelerators.

    Args:
        cpu: cores.
        memory: bytes, or a text such as "4Gi" or "500M".
        accelerator: type, as the runner calls it.
        accelerator_count: how many; 1 where a type is given.
    """

    cpu: float | None = None
    memory: int | str | None = None
    accelerator: str = ""
    accelerator_count: int = 0

    def to_ir(self) -> ResourcesIR:
        """Return the same with memory in bytes."""
        given = self.memory
        memory = size_in_bytes(given) if isinstance(given, str) else given
        if isinstance(given, str) and memory is None:
            raise DefinitionError(
                f"memory {given!r} is not a size",
                hint="write bytes, or a text such as '4Gi' or '500M'",
                where=caller(),
            )
        count = self.accelerator_count or (1 if self.accelerator else 0)
        cpu = None if self.cpu is None else float(self.cpu)
        return ResourcesIR(cpu, memory, self.accelerator, count)


class OptionsDict(TypedDict, total=False):
    """The keywords of `.options(...)`."""

    id: str
    retries: int
    retry_wait: float
    retry_factor: float
    retry_max_wait: float
    timeout: float | None
    cache: bool | Cache
    labels: Mapping[str, str]
    resources: Resources
    after: Sequence[Node | str]


@dataclass(frozen=True)
class Options:
    """Options of a node.

    Args:
        id: name of the node; that of the component if empty.
        retries: further attempts after a failure.
        retry_wait: seconds before the first of them; `retry_factor` times longer each time, at
            most `retry_max_wait`.
        timeout: seconds for one attempt.
        after: nodes, or ids of nodes, that must have ended well before.
    """

    id: str = ""
    retries: int = 0
    retry_wait: float = 1.0
    retry_factor: float = 2.0
    retry_max_wait: float = 300.0
    timeout: float | None = None
    cache: bool | Cache = True
    labels: Mapping[str, str] = field(default_factory=dict)
    resources: Resources = Resources()
    after: Sequence[Node | str] = ()

    def changed(self, name: str, changes: Mapping[str, Any]) -> Options:
        """Return these options with some changed.

        Raises:
            DefinitionError: an option is unknown or has a wrong value.
        """
        known = [each.name for each in fields(self)]
        for option, value in changes.items():
            if option not in known:
                problem, hint = "is not an option", did_you_mean(option, known)
            elif not _VALID[option](value):
                problem, hint = f"cannot be {shortened(value)}", f"give {_WANTED[option]}"
            else:
                continue
            raise DefinitionError(f"{name}: {option} {problem}", hint=hint, where=caller())
        return replace(self, **changes)

    @property
    def retry_ir(self) -> RetryIR:
        """Attempts and waits."""
        waits = (self.retry_wait, self.retry_factor, self.retry_max_wait)
        return RetryIR(self.retries + 1, *map(float, waits))

    @property
    def cache_ir(self) -> CacheIR:
        """The cache policy."""
        if isinstance(self.cache, bool):
            return CacheIR(enabled=self.cache)
        age = self.cache.max_age
        return CacheIR(self.cache.enabled, None if age is None else float(age), self.cache.salt)


def _is_number(value: Any, least: float = 0.0) -> bool:
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return plain and math.isfinite(value) and value >= least


def _is_labels(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(text, str) and "\x02" not in text for text in (*value, *value.values())
    )


def _is_nodes(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(
        isinstance(item, str) or hasattr(item, "outputs") for item in value
    )


_VALID: Mapping[str, Callable[[Any], bool]] = {
    "id": lambda value: isinstance(value, str),
    "retries": lambda value: isinstance(value, int) and _is_number(value),
    "retry_wait": _is_number,
    "retry_factor": lambda value: _is_number(value, 1.0),
    "retry_max_wait": _is_number,
    "timeout": lambda value: value is None or (_is_number(value) and value > 0),
    "cache": lambda value: isinstance(value, (bool, Cache)),
    "labels": _is_labels,
    "resources": lambda value: isinstance(value, Resources),
    "after": _is_nodes,
}

_WANTED = {
    "id": "a text",
    "retries": "a whole number, 0 or more",
    "retry_wait": "seconds, 0 or more",
    "retry_factor": "a number, 1 or more",
    "retry_max_wait": "seconds, 0 or more",
    "timeout": "seconds, more than 0",
    "cache": "True, False or Cache(max_age=..., salt=...)",
    "labels": "a dict of texts that are known now",
    "resources": "Resources(cpu=..., memory=...)",
    "after": "a list of nodes or of their ids",
}
