"""The whole service against ML Metadata's own library: random requests, the same answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from ml_metadata.metadata_store.pywrap.metadata_store_extension import metadata_store as library
from ml_metadata.proto import metadata_store_pb2 as pb
from ml_metadata.proto import metadata_store_service_pb2 as service
from random_requests import Requests

from mlops_metadata.engine import Database, SqlStore
from mlops_metadata.service import Answer, methods
from mlops_pipeline.store import open_store

pytestmark = pytest.mark.mlmd

TIMES = {"create_time_since_epoch", "last_update_time_since_epoch"}
SEVERAL = ("artifacts", "executions", "contexts", "artifact_event_pairs", "events")
Server = Callable[[str, bytes], Answer]


def stock_server() -> Server:
    """ML Metadata's library on a database in memory."""
    config = pb.ConnectionConfig()
    config.fake_database.SetInParent()
    options = pb.MigrationOptions().SerializeToString()
    handle = library.CreateMetadataStore(config.SerializeToString(), options)

    def answer(method: str, data: bytes) -> Any:
        found, problem, code = getattr(library, method)(handle, data)
        return Answer(found, problem.decode(), code)

    return answer


def our_server(database: Database) -> Server:
    known = methods(database)
    return lambda method, data: known[method](data)


def without_times(message: Message) -> Any:
    for field, value in message.ListFields():
        if field.name in TIMES or (field.name == "next_page_token" and not value):
            message.ClearField(field.name)
        elif field.message_type is None:
            continue
        elif field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type is not None:
                for each in value.values():
                    without_times(each)
        elif isinstance(value, Message):
            without_times(value)
        else:
            for each in value:
                without_times(each)
    return message


def meaning(method: str, data: bytes) -> Any:
    """A response; events and the parts of a graph come in any order."""
    response = without_times(getattr(service, f"{method}Response").FromString(data))
    if method == "GetLineageSubgraph":
        parts = response.lineage_subgraph.ListFields()
    elif method.startswith("GetEvents"):
        parts = response.ListFields()
    else:
        return response
    return {
        f.name: sorted(each.SerializeToString(deterministic=True) for each in v) for f, v in parts
    }


def is_equal(request: Any, method: str, first: Answer, second: Answer) -> bool:
    """Whether two servers answer alike; `second` is ours, and may know better."""
    if first.code and "filter_query is not supported" in first.problem:
        # ML Metadata 1.21 has none any more.
        return True
    if first.code and second.code:
        # Of several mistakes either may be told.
        several = sum(len(getattr(request, name, ())) for name in SEVERAL) > 1
        # An external id that is taken is not a fault of the server.
        taken = "UNIQUE constraint failed" in first.problem and second.code.name == "ALREADY_EXISTS"
        return several or taken or first.code == second.code
    if "filter_query" in second.problem and not first.code and not first.data:
        # The library does not look at the options where there is nothing to list.
        return True
    return not (first.code or second.code) and (
        meaning(method, first.data) == meaning(method, second.data)
    )


def assert_equal(
    first: Server, second: Server, seed: int, count: int, *, refused_puts: bool = True
) -> None:
    for number, request in enumerate(Requests(seed).some(count)):
        method = type(request).__name__.removesuffix("Request")
        data = request.SerializeToString()
        theirs = first(method, data)
        if theirs.code and method.startswith("Put") and not refused_puts:
            continue
        ours = second(method, data)
        assert is_equal(request, method, theirs, ours), (number, request, theirs, ours)


@pytest.mark.parametrize("seed", range(4))
def test_random_requests_are_answered_as_by_ml_metadata(database: Database, seed: int) -> None:
    assert_equal(stock_server(), our_server(database), seed, 150)


def on_server(url: str, database: Database) -> None:
    store = open_store(url)
    assert isinstance(store, SqlStore)
    try:
        # In the file they are answered as by ML Metadata. A server counts on after ids of what was
        # undone.
        file, server = our_server(database), our_server(store.database)
        assert_equal(file, server, 11, 200, refused_puts=False)
    finally:
        store.close()


@pytest.mark.slow  # a MariaDB is started
def test_mariadb_answers_as_a_file_does(mariadb_url: str, database: Database) -> None:
    on_server(mariadb_url, database)


@pytest.mark.slow  # a PostgreSQL is started
def test_postgresql_answers_as_a_file_does(postgresql_url: str, database: Database) -> None:
    on_server(postgresql_url, database)


def test_what_is_no_request_is_refused(database: Database) -> None:
    for name, method in methods(database).items():
        assert method(b"\xff\xff\xff").code.name == "INVALID_ARGUMENT", name


def test_a_text_that_is_not_utf_8_is_refused(database: Database, types: dict[str, int]) -> None:
    known = methods(database)
    node = pb.Artifact(type_id=types["A"], name="name").SerializeToString()
    value = pb.Artifact(type_id=types["A"])
    value.custom_properties["p"].string_value = "name"
    for good in (node, value.SerializeToString()):
        request = b"\x0a" + bytes([len(good)]) + good
        bad = known["PutArtifacts"](request.replace(b"name", b"n\xffme"))
        assert bad.code.name == "INVALID_ARGUMENT", bad
        assert not known["PutArtifacts"](request).code
    query = service.GetArtifactsRequest(options={"filter_query": "name = 'name'"})
    wrong = query.SerializeToString().replace(b"'name'", b"'n\xffme'")
    assert known["GetArtifacts"](wrong).code.name == "INVALID_ARGUMENT"


def test_every_method_of_the_service_is_there(database: Database) -> None:
    wanted = service.DESCRIPTOR.services_by_name["MetadataStoreService"].methods
    assert set(methods(database)) == {method.name for method in wanted}


def test_an_error_does_not_say_where_the_database_is(
    ask: Any, types: dict[str, int], tmp_path: Path
) -> None:
    artifact = pb.Artifact(type_id=types["A"], name="a")
    ask("PutArtifacts", artifacts=[artifact])
    code, problem = ask("PutArtifacts", artifacts=[artifact])
    assert code == "ALREADY_EXISTS"
    assert str(tmp_path) not in problem


def check_slow(url: str) -> None:
    store = open_store(url)
    assert isinstance(store, SqlStore)
    try:
        known = methods(store.database, 0.5)
        put = service.PutTypesRequest(
            execution_types=[pb.ExecutionType(name="E")], context_types=[pb.ContextType(name="C")]
        )
        ids = service.PutTypesResponse.FromString(known["PutTypes"](put.SerializeToString()).data)
        graph = service.PutLineageSubgraphRequest(
            executions=[pb.Execution(type_id=ids.execution_type_ids[0]) for _ in range(60)],
            contexts=[pb.Context(type_id=ids.context_type_ids[0], name="c")],
        )
        assert not known["PutLineageSubgraph"](graph.SerializeToString()).code
        slow = service.GetContextsRequest()
        # As many rows as there are ways to choose one execution for each name.
        names = (f"executions_{number}.last_known_state IS NULL" for number in range(12))
        slow.options.filter_query = " AND ".join(names)
        start = time.monotonic()
        answer = known["GetContexts"](slow.SerializeToString())
        assert (answer.code.name, answer.problem) == (
            "DEADLINE_EXCEEDED",
            "GetContexts takes more than 0.5 s",
        )
        assert time.monotonic() - start < 5
        quick = service.GetExecutionsResponse.FromString(known["GetExecutions"](b"").data)
        assert len(quick.executions) == 60
    finally:
        store.close()


def test_a_question_to_a_file_ends_in_time(tmp_path: Path) -> None:
    check_slow(f"sqlite:///{tmp_path}/metadata.db")


@pytest.mark.slow  # a PostgreSQL is started
def test_a_question_to_postgresql_ends_in_time(postgresql_url: str) -> None:
    check_slow(postgresql_url)


@pytest.mark.slow  # a MariaDB is started
def test_a_question_to_mariadb_ends_in_time(mariadb_url: str) -> None:
    check_slow(mariadb_url)
