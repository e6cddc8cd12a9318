"""Nodes listed with options: a filter, an order, and pages that go on where the last one ended."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mlops_metadata.engine import Session, chunks, marks
from mlops_metadata.messages import DecodeError, pb
from mlops_metadata.service.filter_query import Filter, read_filter
from mlops_metadata.service.kinds import NodeKind
from mlops_metadata.service.nodes import nodes_with_ids
from mlops_metadata.service.refused import RefusedError

LARGEST_PAGE = 100
"""Most nodes in one answer."""

_LISTED = 1000
_FIELD = pb.ListOperationOptions.OrderByField
_COLUMNS = {
    _FIELD.CREATE_TIME: "create_time_since_epoch",
    _FIELD.LAST_UPDATE_TIME: "last_update_time_since_epoch",
    _FIELD.ID: "id",
}


@dataclass(frozen=True)
class Part:
    """The nodes among which a listing looks: those that satisfy a condition.

    Args:
        joins: tables that are joined to `n`.
    """

    joins: str = ""
    where: str = ""
    values: tuple[Any, ...] = ()


ALL = Part()


def list_nodes(
    session: Session, kind: NodeKind, options: Any, part: Part = ALL
) -> tuple[list[Any], str]:
    """Return a page of nodes, and the token of the next one; empty on the last.

    Raises:
        RefusedError: an option is wrong.
    """
    if options.max_result_size <= 0:
        raise RefusedError(
            "max_result_size field value is required to be greater than 0 and less than or "
            f"equal to {LARGEST_PAGE}. Set value: {options.max_result_size}"
        )
    size = min(options.max_result_size, LARGEST_PAGE)
    column = _column(options)
    rows = _rows(session, kind, options, part, size + 1)
    ids = [row[0] for row in rows[:size]]
    found = {node.id: node for node in nodes_with_ids(session, kind, ids)}
    token = _token(rows[:size], column, options) if len(rows) > size else ""
    return [found[each] for each in ids if each in found], token


def _column(options: Any) -> str:
    order = options.order_by_field.field
    if order not in _COLUMNS:
        raise RefusedError(
            f"Unsupported field: {_FIELD.Field.Name(order)} specified in ListOperationOptions"
        )
    return _COLUMNS[order]


def _rows(
    session: Session, kind: NodeKind, options: Any, part: Part, limit: int
) -> list[tuple[Any, ...]]:
    """Return ids and what they are ordered by."""
    column = f"n.{_column(options)}"
    query = read_filter(options.filter_query, kind) if options.filter_query else Filter("", "", ())
    after, after_values = _after(options, column)
    conditions = [f"({each})" for each in (query.where, part.where, after) if each]
    direction = "ASC" if options.order_by_field.is_asc else "DESC"
    order = "" if column == "n.id" else f", n.id {direction}"
    distinct = "DISTINCT " if query.joins else ""
    return session.rows(
        f"SELECT {distinct}n.id, {column} FROM {kind.name} n {query.joins} {part.joins} "
        f"WHERE {' AND '.join(conditions) or '1 = 1'} "
        f"ORDER BY {column} {direction}{order} LIMIT {limit}",
        (*query.values, *part.values, *after_values),
    )


def _after(options: Any, column: str) -> tuple[str, tuple[Any, ...]]:
    """Return the condition for what comes after the last page."""
    if not options.next_page_token:
        return "", ()
    token = _read_token(options)
    sign = ">" if options.order_by_field.is_asc else "<"
    if column == "n.id":
        return f"n.id {sign} ?", (token.field_offset,)
    if token.HasField("id_offset"):
        return (
            f"{column} {sign} ? OR ({column} = ? AND n.id {sign} ?)",
            (token.field_offset, token.field_offset, token.id_offset),
        )
    # The token of another server, which names what it has listed of this moment.
    listed = list(token.listed_ids)
    if not 0 < len(listed) <= _LISTED:
        raise RefusedError("Invalid NextPageToken in List Operation: listed_ids")
    return f"{column} {sign}= ? AND n.id NOT IN ({marks(len(listed))})", (
        token.field_offset,
        *listed,
    )


def _read_token(options: Any) -> Any:
    text = options.next_page_token
    token = pb.ListOperationNextPageToken()
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        token.ParseFromString(data)
    except (ValueError, binascii.Error, DecodeError):
        raise RefusedError("Failed to decode next page token string") from None
    before, now = token.set_options.order_by_field, options.order_by_field
    if (before.is_asc, before.field) != (now.is_asc, now.field):
        raise RefusedError("ListOperationOptions mismatch between calls")
    return token


def _token(rows: list[tuple[Any, ...]], column: str, options: Any) -> str:
    last, offset = rows[-1]
    token = pb.ListOperationNextPageToken(field_offset=offset, id_offset=last)
    if column == _COLUMNS[_FIELD.LAST_UPDATE_TIME]:
        token.listed_ids.extend(each for each, moment in reversed(rows) if moment == offset)
    token.set_options.CopyFrom(options)
    token.set_options.ClearField("next_page_token")
    return base64.urlsafe_b64encode(token.SerializeToString()).decode().rstrip("=")


def filtered_ids(
    session: Session, kind: NodeKind, query: str, among: Iterable[int] | None = None
) -> list[int]:
    """Return the ids of the nodes that a query finds, lowest first.

    Args:
        among: where to look; without it, no more than a page and one are returned.
    """
    options = pb.ListOperationOptions(filter_query=query)
    if among is None:
        return [row[0] for row in _rows(session, kind, options, ALL, LARGEST_PAGE + 1)]
    found: list[int] = []
    for part in chunks(sorted(among)):
        narrow = Part(where=f"n.id IN ({marks(len(part))})", values=tuple(part))
        found += [row[0] for row in _rows(session, kind, options, narrow, len(part))]
    return found
