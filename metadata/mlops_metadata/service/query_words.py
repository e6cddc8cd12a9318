"""The words of a `filter_query`, which is written in a part of SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlops_metadata.service.refused import RefusedError

LONGEST = 10_000
"""Bytes of a query."""

_WORD = re.compile(
    r"""
    (?P<space>  \s+ | --[^\n]* | \#[^\n]* | /\*.*?\*/ )
  | (?P<number> 0[xX][0-9a-fA-F]+ | (?: \d+\.?\d* | \.\d+ ) (?: [eE][+-]?\d+ )? ) (?! \w )
  | (?P<text>   [rR]? (?: '{3} (?:\\.|[^\\])*? '{3} | "{3} (?:\\.|[^\\])*? "{3}
                        | ' (?:\\.|[^'\\\n])* ' | " (?:\\.|[^"\\\n])* " ) )
  | (?P<property> (?:custom_)?properties \. (?: \w+ | `[^`]+` ) \. \w+ )
  | (?P<name>   (?: [A-Za-z_]\w* | `[^`]+` ) (?: \. (?: [A-Za-z_]\w* | `[^`]+` ) )? )
  | (?P<sign>   != | <> | <= | >= | [=<>(),-] )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE = re.compile(
    r"\\(?:[xX](?P<byte>[0-9a-fA-F]{2})|u(?P<short>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8})"
    r"|(?P<octal>[0-3][0-7]{2})|(?P<sign>.))",
    re.DOTALL,
)
_SIGNS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ITSELF = "\\?\"'`"


@dataclass(frozen=True)
class Word:
    """A word of a query.

    Args:
        kind: `number`, `text`, `property`, `name`, `sign`, or `end`.
        text: as it is written; of a text, what it stands for.
        place: where it begins, counted from 1.
    """

    kind: str
    text: str
    place: int

    def is_key(self, *keys: str) -> bool:
        """Return True if it is one of these words or signs, however it is written."""
        return self.kind in ("name", "sign") and self.text.upper() in keys


def words(query: str) -> list[Word]:
    """Return the words of a query, and its end.

    Raises:
        RefusedError: it is too long, or holds what is no word.
    """
    if len(query.encode("utf-8", "surrogatepass")) > LONGEST:
        raise RefusedError(f"Invalid `filter_query`: it has more than {LONGEST:,} bytes")
    found: list[Word] = []
    place = 0
    while place < len(query):
        match = _WORD.match(query, place)
        if match is None:
            raise refusal(f"unexpected {query[place]!r}", place + 1)
        kind = str(match.lastgroup)
        text = match.group()
        if kind == "text":
            text = _unquoted(text, place + 1)
        if kind != "space":
            found.append(Word(kind, text, place + 1))
        place = match.end()
    return [*found, Word("end", "", len(query) + 1)]


def refusal(problem: str, place: int) -> RefusedError:
    """Return the error for a query that is wrong at a place."""
    return RefusedError(f"Invalid `filter_query`: {problem} [at 1:{place}]")


def _unquoted(text: str, place: int) -> str:
    is_raw = text[0] in "rR"
    text = text[1:] if is_raw else text
    size = 3 if len(text) >= 6 and text[:3] in ("'''", '"""') else 1
    inner = text[size:-size]
    found = inner if is_raw else _ESCAPE.sub(lambda match: _meant(match, place), inner)
    if "\0" in found or any("\ud800" <= sign <= "\udfff" for sign in found):
        raise refusal("a text holds what no text can hold", place)
    return found


def _meant(match: re.Match[str], place: int) -> str:
    for name, base in (("byte", 16), ("short", 16), ("long", 16), ("octal", 8)):
        digits = match.group(name)
        if digits:
            number = int(digits, base)
            if number > 0x10FFFF:
                raise refusal(f"there is no sign {match.group()!r}", place)
            return chr(number)
    sign = match.group("sign")
    if sign in _SIGNS:
        return _SIGNS[sign]
    if sign in _ITSELF:
        return sign
    raise refusal(f"unknown escape {match.group()!r}", place)
