"""`filter_query`: a condition on nodes, as SQL with its values apart.

The grammar is the part of SQL that ML Metadata documents: attributes, properties and neighbours,
compared with numbers, texts and each other, by `=`, `<`, `LIKE`, `IN`, `BETWEEN` and `IS`, and put
together by `AND`, `OR`, `NOT` and brackets.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mlops_metadata.service.kinds import NodeKind
from mlops_metadata.service.query_columns import (
    DOUBLE,
    ENUM,
    INT,
    TEXT,
    TRUTH,
    Column,
    QueryColumns,
)
from mlops_metadata.service.query_words import Word, refusal, words

DEEPEST = 50
"""Brackets and negations inside of each other."""

MOST_TERMS = 200
"""Comparisons in a query."""

MOST_VALUES = 1000
"""Values in a query."""

_COMPARE = ("=", "!=", "<>", "<", "<=", ">", ">=")
_NUMBERS = (INT, DOUBLE, ENUM)
_LARGEST = 2**63
_NULL = "NULL"


@dataclass(frozen=True)
class Condition:
    """A condition, or a value in one.

    Args:
        sql: with `?` for values.
        type: as ZetaSQL calls it.
        column: the column that it is, if it is one.
    """

    sql: str
    values: tuple[Any, ...]
    type: str
    column: Column | None = None


@dataclass(frozen=True)
class Filter:
    """A whole query: the tables that it joins to `n`, and the condition."""

    joins: str
    where: str
    values: tuple[Any, ...]


def read_filter(query: str, kind: NodeKind) -> Filter:
    """Return the query as SQL.

    Raises:
        RefusedError: it is wrong, or too large; the message says where.
    """
    columns = QueryColumns(kind)
    found = _Reader(words(query), columns).whole()
    joins, values = columns.joins
    return Filter(joins, found.sql, (*values, *found.values))


class _Reader:
    """Reads a query from its first word to its last.

    Args:
        found: its words.
        columns: what names stand for.
    """

    def __init__(self, found: list[Word], columns: QueryColumns) -> None:
        self._words = found
        self._columns = columns
        self._place = self._depth = self._terms = self._count = 0

    def whole(self) -> Condition:
        found = self._either()
        if self._word.kind != "end":
            raise refusal(f"Expected end of input but got {self._word.text!r}", self._word.place)
        if found.type != TRUTH:
            raise refusal("Given query string is not a valid boolean expression", 1)
        return found

    @property
    def _word(self) -> Word:
        return self._words[self._place]

    def _next(self) -> Word:
        word = self._word
        self._place += word.kind != "end"
        return word

    def _take(self, *keys: str) -> bool:
        """Go past the next word if it is one of these."""
        if not self._word.is_key(*keys):
            return False
        self._place += 1
        return True

    def _need(self, key: str) -> None:
        if not self._take(key):
            got = repr(self._word.text) if self._word.text else "end of input"
            raise refusal(f"Expected {key!r} but got {got}", self._word.place)

    def _either(self) -> Condition:
        return self._chain("OR", lambda: self._chain("AND", self._negated))

    def _chain(self, key: str, part: Callable[[], Condition]) -> Condition:
        place = self._word.place
        found = [part()]
        while self._take(key):
            found.append(part())
        if len(found) == 1:
            return found[0]
        for each in found:
            self._check(each, TRUTH, place)
        sql = f" {key} ".join(f"({each.sql})" for each in found)
        return Condition(sql, tuple(v for each in found for v in each.values), TRUTH)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise refusal(f"more than {DEEPEST} brackets and negations", self._word.place)

    def _negated(self) -> Condition:
        place = self._word.place
        if not self._take("NOT"):
            return self._compared()
        self._deeper()
        found = self._negated()
        self._depth -= 1
        self._check(found, TRUTH, place)
        return Condition(f"NOT ({found.sql})", found.values, TRUTH)

    def _compared(self) -> Condition:
        self._terms += 1
        if self._terms > MOST_TERMS:
            raise refusal(f"more than {MOST_TERMS} comparisons", self._word.place)
        left = self._operand()
        word = self._word
        if self._take(*_COMPARE):
            return self._comparison(left, word)
        if self._take("IS"):
            return self._state_of(left, word)
        is_not = "NOT " if self._take("NOT") else ""
        word = self._word
        if self._take("LIKE"):
            right = self._operand()
            self._check(left, TEXT, word.place)
            self._check(right, TEXT, word.place)
            sql = f"{left.sql} {is_not}LIKE {right.sql}"
            return Condition(sql, (*left.values, *right.values), TRUTH)
        if self._take("IN"):
            return self._among(left, word, is_not)
        if self._take("BETWEEN"):
            return self._between(left, word, is_not)
        if is_not:
            raise refusal("Expected LIKE, IN or BETWEEN", word.place)
        return left

    def _comparison(self, left: Condition, word: Word) -> Condition:
        sign = "!=" if word.text == "<>" else word.text
        is_member = left.type == ENUM and sign in ("=", "!=")
        right = self._member(left) if is_member else self._operand()
        self._check_pair(left, right, word)
        sql, values = f"{left.sql} {sign} {right.sql}", (*left.values, *right.values)
        if left.type == ENUM and sign == "!=":
            sql = f"{sql} OR {left.sql} IS NULL"
        if self._word.is_key(*_COMPARE):
            raise refusal(f"Unexpected {self._word.text!r}", self._word.place)
        return Condition(sql, values, TRUTH)

    def _state_of(self, left: Condition, word: Word) -> Condition:
        is_not = "NOT " if self._take("NOT") else ""
        what = self._word
        if not self._take("NULL", "TRUE", "FALSE"):
            raise refusal("Expected NULL, TRUE or FALSE", what.place)
        if what.text.upper() != _NULL:
            self._check(left, TRUTH, word.place)
        sql = f"({left.sql}) IS {is_not}{what.text.upper()}"
        return Condition(sql, left.values, TRUTH)

    def _among(self, left: Condition, word: Word, is_not: str) -> Condition:
        self._need("(")
        found: list[Condition] = []
        while not found or self._take(","):
            right = self._member(left) if left.type == ENUM else self._operand()
            self._check_pair(left, right, word)
            found.append(right)
        self._need(")")
        sql = f"{left.sql} {is_not}IN ({', '.join(each.sql for each in found)})"
        if left.type == ENUM and is_not:
            sql = f"{sql} OR {left.sql} IS NULL"
        values = tuple(value for each in found for value in each.values)
        return Condition(sql, (*left.values, *values), TRUTH)

    def _between(self, left: Condition, word: Word, is_not: str) -> Condition:
        low = self._operand()
        self._need("AND")
        high = self._operand()
        self._check_pair(left, low, word)
        self._check_pair(left, high, word)
        sql = f"{left.sql} {is_not}BETWEEN {low.sql} AND {high.sql}"
        return Condition(sql, (*left.values, *low.values, *high.values), TRUTH)

    def _member(self, left: Condition) -> Condition:
        """Return the number of a state or of a type of events."""
        word = self._next()
        assert left.column is not None
        number = left.column.numbers.get(word.text) if word.kind == "name" else None
        if number is None:
            raise refusal(f"Unsupported enum value specified in the query: {word.text}", word.place)
        return self._value(number, INT, word)

    def _operand(self) -> Condition:
        word = self._next()
        if word.is_key("("):
            self._deeper()
            found = self._either()
            self._need(")")
            self._depth -= 1
            return Condition(f"({found.sql})", found.values, found.type)
        if word.is_key("-") and self._word.kind == "number":
            return self._number(self._next(), -1)
        if word.kind == "number":
            return self._number(word, 1)
        if word.kind == "text":
            return self._value(word.text, TEXT, word)
        if word.is_key("TRUE", "FALSE"):
            return self._value(word.text.upper() == "TRUE", TRUTH, word)
        if word.is_key("AND", "OR", "NOT", "IN", "LIKE", "IS", "BETWEEN", "NULL"):
            raise refusal(f"Unexpected {word.text}", word.place)
        if word.kind not in ("name", "property"):
            what = repr(word.text) if word.text else "end of expression"
            raise refusal(f"Unexpected {what}", word.place)
        if self._word.is_key("("):
            raise refusal(f"there is no function {word.text}", word.place)
        column = self._columns.named(word)
        return Condition(column.sql, (), column.type, column)

    def _number(self, word: Word, sign: int) -> Condition:
        is_whole = word.text.isdigit() or word.text[:2].lower() == "0x"
        if not is_whole:
            double = sign * float(word.text)
            if math.isinf(double):
                raise refusal(f"Invalid floating point literal: {word.text}", word.place)
            return self._value(double, DOUBLE, word)
        number = sign * int(word.text, 16 if word.text[:2].lower() == "0x" else 10)
        if not -_LARGEST <= number < _LARGEST:
            raise refusal(f"Invalid integer literal: {word.text}", word.place)
        return self._value(number, INT, word)

    def _value(self, value: Any, kind: str, word: Word) -> Condition:
        self._count += 1
        if self._count > MOST_VALUES:
            raise refusal(f"more than {MOST_VALUES} values", word.place)
        return Condition("?", (value,), kind)

    def _check(self, found: Condition, wanted: str, place: int) -> None:
        if found.type != wanted:
            raise refusal(f"Expected {wanted}, not {found.type}", place)

    def _check_pair(self, left: Condition, right: Condition, word: Word) -> None:
        both = {left.type, right.type}
        if len(both) > 1 and not both <= set(_NUMBERS):
            raise refusal(
                f"No matching signature for operator {word.text.upper()} for argument types: "
                f"{left.type}, {right.type}",
                word.place,
            )
