"""Assignment of rows to splits: by their hash, by a feature, by time, or unchanged."""

from __future__ import annotations

import bisect
import hashlib
import itertools
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal

from mlops_components.inputs.conditions import EVERYTHING, Condition, Taken
from mlops_pipeline.errors import ExecutorError, ParameterError


@dataclass(frozen=True)
class InputSplit:
    """Files of `input_base` that belong together: all that match `pattern`; or a query."""

    name: str
    pattern: str = "*"


@dataclass(frozen=True)
class InputConfig:
    """What is read; several splits are kept as they are. All but `splits` is not in TFX.

    Args:
        columns: those that are written; all if empty.
        leave_out: columns that are not written.
        rows: conditions, all of which a row has to meet; they may name any column.
        union: whether a column may be missing from some of the files, and then has no value there.

    Raises:
        ParameterError: a column is both named and left out.
    """

    splits: list[InputSplit] = field(default_factory=lambda: [InputSplit("single_split", "*")])
    columns: list[str] = field(default_factory=list)
    leave_out: list[str] = field(default_factory=list)
    rows: list[Condition] = field(default_factory=list)
    union: bool = False

    def __post_init__(self) -> None:
        if both := sorted(set(self.columns) & set(self.leave_out)):
            raise ParameterError(
                f"input_config: column {both[0]!r} is in columns and in leave_out",
                hint="leave it out of one of the two",
            )

    @property
    def taken(self) -> Taken:
        """The columns and rows that are taken."""
        return Taken(tuple(self.columns), frozenset(self.leave_out), tuple(self.rows))


@dataclass(frozen=True)
class HashSplit:
    """An output split that gets `hash_buckets` of all buckets."""

    name: str
    hash_buckets: int


@dataclass(frozen=True)
class SplitConfig:
    """How rows are dealt to splits by a hash.

    Args:
        splits: their order and sizes decide which rows go where.
        partition_feature_name: rows with an equal value of this column stay together.
        stratify_feature_name: rows with an equal value of this column are dealt in the same
            proportions, as exactly as whole rows allow; not in TFX.

    Raises:
        ParameterError: both are given.
    """

    splits: list[HashSplit]
    partition_feature_name: str = ""
    stratify_feature_name: str = ""

    def __post_init__(self) -> None:
        if self.partition_feature_name and self.stratify_feature_name:
            raise ParameterError(
                "split_config: partition_feature_name and stratify_feature_name exclude each other",
                hint="leave out one of the two",
            )


@dataclass(frozen=True)
class TimeSplit:
    """An output split that gets the rows before a time, as far as no split before it has them.

    Args:
        before: a date or time in ISO 8601 (UTC if it has no zone); None takes all that is left.
    """

    name: str
    before: str | None = None


@dataclass(frozen=True)
class TimeSplitConfig:
    """How rows are dealt to splits by a time; not in TFX.

    Args:
        feature_name: column of times: whole numbers since 1970, or texts in ISO 8601.
        splits: from the earliest to the latest.
        unit: what whole numbers count.
    """

    feature_name: str
    splits: list[TimeSplit]
    unit: Literal["s", "ms", "us"] = "s"


@dataclass(frozen=True)
class OutputConfig:
    """How the output is split; by default two thirds `train` and one third `eval`."""

    split_config: SplitConfig | None = None
    time_split_config: TimeSplitConfig | None = None


DEFAULT_SPLITS = SplitConfig([HashSplit("train", 2), HashSplit("eval", 1)])


@dataclass(frozen=True)
class Key:
    """Part of a row that decides its split: the whole record, or one feature.

    Args:
        value: the value of the feature counts, not its bytes.
        taken: the columns and rows that are read at all.
    """

    feature: str = ""
    value: bool = False
    taken: Taken = EVERYTHING


@dataclass(frozen=True)
class Dealing:
    """Rule that assigns rows to splits.

    Args:
        splits: names, in order.
        key: what `choose` wants to know of a row.
        choose: the splits of rows by their keys; its arguments name their origin and their numbers
            there, for errors.
    """

    splits: list[str]
    key: Key
    choose: Callable[[Sequence[Any], str, Sequence[int]], list[str]]


def dealing_of(config: OutputConfig) -> Dealing:
    """Return the rule that a configuration describes.

    Raises:
        ParameterError: it describes none.
    """
    if config.split_config and config.time_split_config:
        raise ParameterError(
            "output_config has both split_config and time_split_config",
            hint="leave out one of the two",
        )
    if config.time_split_config:
        return _by_time(config.time_split_config)
    return _by_hash(config.split_config or DEFAULT_SPLITS)


def check_names(names: list[str], what: str) -> None:
    """Raise a ParameterError for splits without names of their own."""
    # Each becomes a folder.
    bad = [name for name in names if not name or "/" in name or "\0" in name]
    if not names or bad or len(set(names)) != len(names):
        raise ParameterError(
            f"{what}: splits need names of their own, without slashes",
            hint=f"given: {', '.join(map(repr, names)) or 'none'}",
        )


def _by_hash(config: SplitConfig) -> Dealing:
    names = [split.name for split in config.splits]
    check_names(names, "output_config")
    for split in config.splits:
        if split.hash_buckets < 1:
            raise ParameterError(
                f"output_config: split {split.name!r} has {split.hash_buckets} hash buckets",
                hint="give it at least one",
            )
    ends = list(itertools.accumulate(split.hash_buckets for split in config.splits))
    if config.stratify_feature_name:
        return _by_stratum(config, names, ends)

    def choose(keys: Sequence[bytes], source: str, numbers: Sequence[int]) -> list[str]:
        number, sha256, total = int.from_bytes, hashlib.sha256, ends[-1]
        buckets = [number(sha256(key).digest(), "big") % total for key in keys]
        return [names[bisect.bisect(ends, bucket)] for bucket in buckets]

    return Dealing(names, Key(config.partition_feature_name), choose)


def _by_stratum(config: SplitConfig, names: list[str], ends: list[int]) -> Dealing:
    """Return the rule that deals the rows of each value by turns.

    As many rows as there are buckets are dealt in one shuffled order of the buckets, the next ones
    in another.
    """
    total = ends[-1]
    seen: Counter[bytes] = Counter()
    orders: dict[bytes, list[int]] = {}

    def split_of(key: bytes) -> str:
        turn, at = divmod(seen[key], total)
        seen[key] += 1
        if not at:
            orders[key] = _shuffled(total, key, turn)
        return names[bisect.bisect(ends, orders[key][at])]

    def choose(keys: Sequence[bytes], source: str, numbers: Sequence[int]) -> list[str]:
        return [split_of(key) for key in keys]

    return Dealing(names, Key(config.stratify_feature_name), choose)


def _shuffled(total: int, key: bytes, turn: int) -> list[int]:
    """Return the buckets in an order that depends on the value and the turn only."""
    buckets = list(range(total))
    random.Random(hashlib.sha256(b"%d " % turn + key).digest()).shuffle(buckets)
    return buckets


_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000}


def _by_time(config: TimeSplitConfig) -> Dealing:
    names = [split.name for split in config.splits]
    check_names(names, "output_config")
    given = [split.before for split in config.splits]
    open_ended = given[-1] is None
    bounds = [before for before in given if before is not None]
    if len(bounds) < len(given) - open_ended:
        raise ParameterError(
            "output_config: only the last split may take all that is left",
            hint="give every other one a time in `before`",
        )
    ends = [_bound(before) for before in bounds]
    if ends != sorted(set(ends)):
        raise ParameterError(
            f"output_config: times do not rise: {', '.join(bounds)}",
            hint="name the splits from the earliest to the latest",
        )
    per_second = _PER_SECOND[config.unit]
    seen: dict[Any, str] = {}

    def split_of(value: Any) -> str:
        at = bisect.bisect(ends, _seconds(value, per_second))
        if at == len(names):
            raise ValueError(f"{value!r} is not before {bounds[-1]}")
        return names[at]

    def choose(keys: Sequence[Any], source: str, numbers: Sequence[int]) -> list[str]:
        if len(seen) > 100_000:
            seen.clear()
        for row, value in zip(numbers, keys, strict=True):
            try:
                seen[value] = seen.get(value) or split_of(value)
            except ValueError as error:
                raise ExecutorError(
                    f"{source}: row {row}: {config.feature_name} {error}",
                    hint="split by a column of whole numbers, or of texts as 2024-05-31T12:00:00, "
                    "and give the last split no `before` if it takes all that is left",
                    retryable=False,
                ) from None
        return [seen[value] for value in keys]

    return Dealing(names, Key(config.feature_name, value=True), choose)


def _bound(before: str) -> float:
    try:
        return _parsed(before)
    except ValueError:
        raise ParameterError(
            f"output_config: {before!r} is not a time",
            hint="write it as 2024-05-31 or 2024-05-31T12:00:00+00:00",
        ) from None


def _seconds(value: Any, per_second: int) -> float:
    if isinstance(value, int):
        return value / per_second
    try:
        return _parsed(value.decode())
    except ValueError:
        raise ValueError(f"{value!r} is not a time") from None


def _parsed(text: str) -> float:
    # Python 3.10 does not know the Z.
    text = text.strip()
    when = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    return (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp()
