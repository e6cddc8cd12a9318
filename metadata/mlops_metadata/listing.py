"""Many records in few requests: by id in chunks, and from the newest on in pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mlops_metadata.connection import Connection
from mlops_metadata.library import pb, request

PAGE = 100
"""Most that MLMD lists in one answer."""

_CHUNK = 500
"""Ids in one request: more of them take longer than two requests."""


def by_id(
    connection: Connection, method: str, field: str, ids: Iterable[int], answer: str
) -> list[Any]:
    """What MLMD has under these ids, chunk by chunk in the order of the ids.

    Args:
        field: where the request takes the ids.
        answer: where the response has what was found.
    """
    wanted = sorted(set(ids))
    found: list[Any] = []
    for start in range(0, len(wanted), _CHUNK):
        message = request(method)
        getattr(message, field).extend(wanted[start : start + _CHUNK])
        found += getattr(connection.read(method, message), answer)
    return found


def newest(
    connection: Connection, method: str, message: Any, answer: str, limit: int
) -> Iterator[Any]:
    """A listing from the newest on, in pages of `limit` at most, for as long as it is asked."""
    options = message.options
    options.max_result_size = min(max(limit, 1), PAGE)
    # By id, because many records are made in one millisecond.
    options.order_by_field.field = pb.ListOperationOptions.OrderByField.ID
    options.order_by_field.is_asc = False
    while True:
        response = connection.read(method, message)
        yield from getattr(response, answer)
        if not response.next_page_token:
            return
        options.next_page_token = response.next_page_token
