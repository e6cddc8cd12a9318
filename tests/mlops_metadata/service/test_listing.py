from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

from mlops_metadata.engine import Database

pytestmark = pytest.mark.mlmd

FIELD = pb.ListOperationOptions.OrderByField
ORDERS = [FIELD.ID, FIELD.CREATE_TIME, FIELD.LAST_UPDATE_TIME]


@pytest.fixture
def ids(ask: Any, types: dict[str, int], database: Database) -> list[int]:
    """Artifacts most of which were made, and changed, in the same millisecond."""
    nodes = [pb.Artifact(type_id=types["A"], uri=f"/{number % 2}") for number in range(25)]
    found = list(ask("PutArtifacts", artifacts=nodes).artifact_ids)
    database.write(lambda s: s.run("UPDATE Artifact SET create_time_since_epoch = 5"))
    database.write(
        lambda s: s.run("UPDATE Artifact SET last_update_time_since_epoch = 9 - id / 20")
    )
    return found


def pages(ask: Any, **options: Any) -> Iterator[list[int]]:
    wanted = pb.ListOperationOptions(**options)
    while True:
        found = ask("GetArtifacts", options=wanted)
        yield [node.id for node in found.artifacts]
        if not found.next_page_token:
            return
        wanted.next_page_token = found.next_page_token


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("order", ORDERS)
def test_pages_hold_everything_once_and_in_order(
    ask: Any, ids: list[int], order: int, ascending: bool
) -> None:
    found = list(
        pages(ask, max_result_size=4, order_by_field={"field": order, "is_asc": ascending})
    )
    assert [len(page) for page in found] == [4] * 6 + [1]
    flat = [each for page in found for each in page]
    key = (lambda i: (9 - i // 20, i)) if order == FIELD.LAST_UPDATE_TIME else (lambda i: (0, i))
    assert flat == sorted(ids, key=key, reverse=not ascending)


def test_a_filter_holds_on_every_page(ask: Any, ids: list[int]) -> None:
    found = list(pages(ask, max_result_size=5, filter_query="uri = '/1'"))
    assert [each for page in found for each in page] == ids[1::2]


def test_a_page_has_at_most_a_hundred(ask: Any, types: dict[str, int]) -> None:
    nodes = [pb.Artifact(type_id=types["A"]) for _ in range(130)]
    ask("PutArtifacts", artifacts=nodes)
    assert [len(page) for page in pages(ask, max_result_size=1000)] == [100, 30]


def test_a_token_of_the_library_goes_on(ask: Any, ids: list[int]) -> None:
    order = {"field": FIELD.LAST_UPDATE_TIME, "is_asc": True}
    token = pb.ListOperationNextPageToken(field_offset=9, listed_ids=ids[:3])
    token.set_options.order_by_field.CopyFrom(pb.ListOperationOptions.OrderByField(**order))
    text = base64.urlsafe_b64encode(token.SerializeToString()).decode().rstrip("=")
    options = {"order_by_field": order, "next_page_token": text, "max_result_size": 2}
    assert [a.id for a in ask("GetArtifacts", options=options).artifacts] == ids[3:5]


@pytest.mark.parametrize(
    "options",
    [
        {"max_result_size": 0},
        {"max_result_size": -1},
        {"order_by_field": {"field": FIELD.FIELD_UNSPECIFIED}},
        {"next_page_token": "nonsense!"},
        {"next_page_token": "AAAA"},
        {"filter_query": "nothing = 1"},
    ],
)
def test_wrong_options_are_refused(ask: Any, ids: list[int], options: Any) -> None:
    assert ask("GetArtifacts", options=options)[0] == "INVALID_ARGUMENT"


def test_a_token_of_another_order_is_refused(ask: Any, ids: list[int]) -> None:
    token = ask("GetArtifacts", options={"max_result_size": 1}).next_page_token
    other = {"next_page_token": token, "order_by_field": {"is_asc": False}}
    assert ask("GetArtifacts", options=other)[0] == "INVALID_ARGUMENT"
