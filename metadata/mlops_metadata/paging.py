"""Many records in few requests: by id in chunks, and from the newest on in pages.

MLMD lists what is of one type, or in one context, by looking up the ids of all of that first, so
the newest 20 take longer the more there are. Without a type it goes down the primary key, so
`recent` takes as long as it goes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mlops_metadata.connection import Connection
from mlops_metadata.messages import pb, request

PAGE = 100
"""Most that MLMD lists in one answer."""

_PAGES = 12
"""Pages that are looked through at most for what may be found by its type, too."""

_LARGEST = 2**63 - 1
"""Largest id that a request can name; there is none beyond it."""

_CHUNK = 500
"""Ids in one request: more of them take longer than two requests."""


def by_id(
    connection: Connection, method: str, field: str, ids: Iterable[int], answer: str
) -> list[Any]:
    """Read the records with these ids, chunk by chunk in the order of the ids.

    Args:
        field: where the request takes the ids.
        answer: where the response has what was found.
    """
    wanted = sorted(each for each in set(ids) if 0 < each <= _LARGEST)
    found: list[Any] = []
    for start in range(0, len(wanted), _CHUNK):
        message = request(method)
        getattr(message, field).extend(wanted[start : start + _CHUNK])
        found += getattr(connection.read(method, message), answer)
    return found


def newest(
    connection: Connection, method: str, message: Any, answer: str, limit: int
) -> Iterator[Any]:
    """Yield records from the newest on, in pages of at most `limit`, until the caller stops."""
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


@dataclass(frozen=True)
class Wanted:
    """A search among the newest records of all types.

    Args:
        what: of the methods of MLMD: `Artifacts`, `Contexts`, `Executions`.
        fits: whether it is one.
        limit: how many are enough.
        patience: pages to look through before it may seem to be too rare.
    """

    what: str
    fits: Callable[[Any], bool]
    limit: int
    patience: int = _PAGES


def recent(connection: Connection, wanted: Wanted) -> list[Any] | None:
    """Return the newest fitting records; None if they are too rare to be found like this."""
    found: list[Any] = []
    page = min(PAGE, 10 * wanted.limit)
    method = f"Get{wanted.what}"
    listing = newest(connection, method, request(method), wanted.what.lower(), page)
    for number, record in enumerate(listing, 1):
        if wanted.fits(record):
            found.append(record)
            if len(found) == wanted.limit:
                return found
        pages, rest = divmod(number, page)
        may_give_up = rest == 0 and pages >= wanted.patience
        if may_give_up and len(found) * _PAGES <= wanted.limit * pages:
            return None
    return found
