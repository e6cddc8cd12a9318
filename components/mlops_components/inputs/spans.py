"""Spans, versions and dates in patterns of files: which files belong to the wanted span.

`{SPAN}` and `{VERSION}` stand for numbers, `{SPAN:3}` for one of three digits; `{YYYY}`, `{MM}` and
`{DD}` for a date, whose span is the number of days since 1970-01-01. Without `{DD}` it counts the
months since January 1970, with `{HH}` beside it the hours; neither is in TFX.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from mlops_components.inputs.splits import InputSplit
from mlops_pipeline.errors import NotFoundError, ParameterError, ResolutionError, did_you_mean


@dataclass(frozen=True)
class StaticRange:
    """The spans from one number to another; an ExampleGen takes one span."""

    start_span_number: int
    end_span_number: int


@dataclass(frozen=True)
class RollingRange:
    """The newest spans; an ExampleGen takes one.

    Args:
        num_spans: how many.
        start_span_number: not supported, as in TFX.
    """

    num_spans: int
    start_span_number: int = 0


@dataclass(frozen=True)
class RangeConfig:
    """Which span is read: one of the two."""

    static_range: StaticRange | None = None
    rolling_range: RollingRange | None = None


@dataclass(frozen=True)
class Selection:
    """The files of one span and version, by input split."""

    files: dict[str, list[Path]]
    span: int = 0
    version: int | None = None


_EPOCH = datetime(1970, 1, 1)
_NUMBERS = re.compile(r"\{(SPAN|VERSION)(?::(.*?))?\}")
_DATES = {"YYYY": 4, "MM": 2, "DD": 2, "HH": 2}
_ANY = re.compile(r"\{(?:(?P<kind>SPAN|VERSION)(?::(?P<width>.*?))?|(?P<part>YYYY|MM|DD|HH))\}")


def wanted_span(config: RangeConfig | None, span: int | None = None) -> int | None:
    """Return the span that a range or a number names; None for the newest.

    Raises:
        ParameterError: it is no range of one span, or both are given.
    """
    if config is None:
        return span
    if span is not None:
        raise ParameterError(
            "span and range_config are both given", hint="leave out one of the two"
        )
    static, rolling = config.static_range, config.rolling_range
    if (static is None) == (rolling is None):
        raise ParameterError(
            "range_config needs one of static_range and rolling_range",
            hint="as in RangeConfig(static_range=StaticRange(3, 3))",
        )
    if static:
        if static.start_span_number != static.end_span_number:
            raise ParameterError(
                f"range_config: an ExampleGen reads one span, not {static.start_span_number} to "
                f"{static.end_span_number}",
                hint="give start and end the same number; later nodes can read several spans",
            )
        return static.start_span_number
    assert rolling is not None
    if rolling.num_spans != 1 or rolling.start_span_number > 0:
        raise ParameterError(
            "range_config: an ExampleGen reads one span: num_spans must be 1, and "
            "start_span_number 0",
            hint="use RollingRange(num_spans=1); later nodes can read several spans",
        )
    return None


def select(
    base: Path,
    splits: Sequence[InputSplit],
    wanted: int | None = None,
    suffixes: tuple[str, ...] = (),
) -> Selection:
    """Return the files of the wanted span, or the newest one, in its newest version.

    Args:
        suffixes: files beside the data that end otherwise are left out, unless a pattern names
            them.

    Raises:
        ParameterError: a pattern is written wrongly.
        NotFoundError: there are no such files.
        ResolutionError: splits differ in their newest span or version.
    """
    kinds = [_placeholders(split) for split in splits]
    if len(set(kinds)) > 1:
        raise ParameterError(
            f"input_config: patterns differ in their placeholders: "
            f"{', '.join(split.pattern for split in splits)}",
            hint="use the same placeholders in the pattern of every split",
        )
    spanned = bool(kinds and kinds[0])
    if wanted is not None and not spanned:
        raise ParameterError(
            f"span {wanted} is asked for, but no pattern of input_config has a span or a date",
            hint="put {SPAN}, or {YYYY}, {MM} and {DD}, into the patterns",
        )
    if not base.exists():
        raise NotFoundError(f"input_base {base} does not exist", hint="check the path")
    if not spanned:
        return Selection({split.name: _matching(base, split, suffixes) for split in splits})
    found = {split.name: _newest(base, split, wanted) for split in splits}
    if len({(each.span, each.version) for each in found.values()}) > 1:
        found_spans = "; ".join(f"{name}: {each.text()}" for name, each in found.items())
        raise ResolutionError(
            f"input splits are misaligned: {found_spans}",
            hint="wait until every split has the files, or name the span",
        )
    first = next(iter(found.values()))
    return Selection({n: each.files for n, each in found.items()}, first.span, first.version)


@dataclass(frozen=True)
class _Found:
    """The newest files of an input split."""

    span: int
    version: int | None
    files: list[Path]

    def text(self) -> str:
        version = "" if self.version is None else f", version {self.version}"
        return f"span {self.span}{version}"


def has_spans(pattern: str) -> bool:
    """Return True if a pattern has placeholders."""
    return _ANY.search(pattern) is not None


def _placeholders(split: InputSplit) -> str:
    """Return the placeholders of a pattern: `SPAN` or parts of a date, with `VERSION` or not."""
    pattern = split.pattern
    kinds = [match[1] for match in _NUMBERS.finditer(pattern)]
    dates = [part for part in _DATES for _ in range(pattern.count(f"{{{part}}}"))]
    problem = ""
    if len(set(kinds)) < len(kinds):
        problem = "a placeholder occurs twice"
    elif dates and "SPAN" in kinds:
        problem = "{SPAN} and a date exclude each other"
    elif dates and dates not in (list(_DATES)[:2], list(_DATES)[:3], list(_DATES)):
        problem = "a date needs {YYYY}, {MM} and {DD}, each once; a month {YYYY} and {MM}; an hour "
        problem += "all three and {HH}"
    elif kinds == ["VERSION"] and not dates:
        problem = "{VERSION} needs {SPAN} or a date beside it"
    for match in _NUMBERS.finditer(pattern):
        if match[2] is not None and not (match[2].isdecimal() and int(match[2])):
            problem = f"the width in {match[0]} is no positive whole number"
    if problem:
        raise ParameterError(
            f"input_config: pattern {pattern!r} of split {split.name!r}: {problem}",
            hint="as in 'span-{SPAN}/v{VERSION}/*', '{YYYY}-{MM}-{DD}/*' or '{YYYY}-{MM}/*'",
        )
    return " ".join(sorted([*kinds, *dates]))


def _newest(base: Path, split: InputSplit, wanted: int | None) -> _Found:
    found: dict[tuple[int, int | None], list[Path]] = {}
    names, regex = _candidates(base, split)
    for name in names:
        match = regex.fullmatch(name)
        if match:
            version = match.groupdict().get("VERSION")
            key = (_span(match, base / name), None if version is None else int(version))
            found.setdefault(key, []).append(base / name)
    spans = sorted({span for span, _ in found})
    if not spans:
        raise _no_match(base, split)
    if wanted is not None and wanted not in spans:
        raise NotFoundError(
            f"there is no span {_shown(wanted, split)} in {base} (input split {split.name!r})",
            hint=f"the spans are {_listed(spans, split)}",
        )
    span = spans[-1] if wanted is None else wanted
    version = max((v for s, v in found if s == span and v is not None), default=None)
    return _Found(span, version, found[span, version])


def _no_match(base: Path, split: InputSplit) -> NotFoundError:
    return NotFoundError(
        f"no file in {base} matches {split.pattern!r} (input split {split.name!r})",
        hint=_near_placeholder(split.pattern) or "check input_base and the pattern",
    )


def _near_placeholder(pattern: str) -> str:
    """Return a hint about braces in a pattern that are no placeholder."""
    known = ("SPAN", "VERSION", *_DATES)
    for word in re.findall(r"\{(\w+)(?::.*?)?\}", pattern):
        if word not in known:
            return f"{{{word}}} is no placeholder: {did_you_mean(word.upper(), known)}"
    return ""


def _listed(spans: list[int], split: InputSplit) -> str:
    shown = [_shown(span, split) for span in spans]
    return ", ".join(shown if len(shown) <= 12 else [*shown[:5], "...", *shown[-5:]])


def _shown(span: int, split: InputSplit) -> str:
    if "{YYYY}" not in split.pattern:
        return str(span)
    try:
        if "{HH}" in split.pattern:
            return f"{span} ({_EPOCH + timedelta(hours=span):%Y-%m-%d %H} h)"
        if "{DD}" in split.pattern:
            return f"{span} ({_EPOCH + timedelta(days=span):%Y-%m-%d})"
        return f"{span} ({datetime(1970 + span // 12, span % 12 + 1, 1):%Y-%m})"
    except (OverflowError, ValueError):
        return str(span)


def _candidates(base: Path, split: InputSplit) -> tuple[list[str], re.Pattern[str]]:
    """Return names below the base that may fit a pattern, and the expression that tells."""
    globbed, expression, at = "", "", 0
    for match in _ANY.finditer(split.pattern):
        before = split.pattern[at : match.start()]
        globbed += before + "*"
        width = str(_DATES[match["part"]]) if match["part"] else match["width"]
        # Without a width a number has all the digits that stand there, whatever is around it.
        digits = f"[0-9]{{{width}}}" if width else "(?<![0-9])[0-9]+(?![0-9])"
        expression += _as_regex(before) + f"(?P<{match['kind'] or match['part']}>{digits})"
        at = match.end()
    globbed += split.pattern[at:]
    expression += _as_regex(split.pattern[at:])
    return _listed_files(base, globbed), re.compile(expression)


def _as_regex(pattern: str) -> str:
    """Return a glob pattern, or a part of one, as a regular expression."""
    pieces = re.split(r"(\*\*/|\*|\?|\[[^\]]+\])", pattern)
    known = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        known.get(p) or (p.replace("[!", "[^") if re.fullmatch(r"\[[^\]]+\]", p) else re.escape(p))
        for p in pieces
    )


def _span(match: re.Match[str], path: Path) -> int:
    groups = match.groupdict()
    if groups.get("SPAN") is not None:
        return int(groups["SPAN"])
    year, month = int(groups["YYYY"]), int(groups["MM"])
    try:
        found = datetime(year, month, int(groups.get("DD") or 1), int(groups.get("HH") or 0))
    except ValueError as error:
        raise ResolutionError(
            f"{path} does not name a date: {error}", hint="rename it, or narrow the pattern"
        ) from None
    if "HH" in groups:
        return (found - _EPOCH) // timedelta(hours=1)
    if "DD" in groups:
        return (found - _EPOCH).days
    return (year - 1970) * 12 + month - 1


def _listed_files(base: Path, pattern: str) -> list[str]:
    if pattern.startswith("/") or ".." in Path(pattern).parts:
        raise ParameterError(
            f"input_config: pattern {pattern!r} leaves input_base", hint="give a relative pattern"
        )
    names = glob.glob(pattern, root_dir=base, recursive=True)  # noqa: PTH207 - sees links, too
    return sorted(n for n in names if Path(n).name[0] not in "._" and (base / n).is_file())


def _matching(base: Path, split: InputSplit, suffixes: tuple[str, ...]) -> list[Path]:
    if base.is_file():
        return [base]
    found = [base / name for name in _listed_files(base, split.pattern)]
    if suffixes and split.pattern == "*":
        # A README beside the data is not data.
        found = [path for path in found if path.name.lower().endswith(suffixes)] or found
    if not found:
        raise _no_match(base, split)
    return found


def query_of_span(query: str, span: int) -> str:
    """Return a query with the times of a span in it, as TFX's placeholders ask for them."""
    start = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(days=span)
    end = start + timedelta(days=1)
    texts = {
        "@span_begin_timestamp": str(int(start.timestamp())),
        "@span_end_timestamp": str(int(end.timestamp())),
        "@span_yyyymmdd_utc": f"'{start:%Y%m%d}'",
    }
    for name, text in texts.items():
        query = query.replace(name, text)
    return query
