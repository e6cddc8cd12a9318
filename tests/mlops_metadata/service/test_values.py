from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ml_metadata.proto import metadata_store_pb2 as pb
from ml_metadata.proto import metadata_store_service_pb2 as service

from mlops_metadata.engine import SqlStore
from mlops_metadata.service import methods
from mlops_pipeline.store import open_store

pytestmark = pytest.mark.mlmd

TEXTS = ("", "back\\slash", "x" * 5000, "Zoë 🐧", "mlmd-struct::no", "'; DROP TABLE Artifact; --")
NUMBERS = (0, -1, 2**31, -(2**63), 2**63 - 1)
DOUBLES = (1 / 3, 3e-7, 0.0, math.inf, 1e300)


def values() -> list[Any]:
    found = [pb.Value(string_value=text) for text in TEXTS]
    found += [pb.Value(int_value=number) for number in NUMBERS]
    found += [pb.Value(double_value=double) for double in DOUBLES]
    found += [pb.Value(bool_value=truth) for truth in (True, False)]
    found.append(pb.Value())
    found[-1].struct_value.update({"a": [1, None, "x", {"b": True}], "c": {}})
    # As Kubeflow keeps the parameters of a task, however many and long they are.
    found.append(pb.Value())
    found[-1].struct_value.update({f"p{n}": ["größe" * 20, n / 7, None] for n in range(200)})
    found.append(pb.Value())
    found[-1].proto_value.type_url, found[-1].proto_value.value = "x/y", b"\0\xff"
    return found


@contextlib.contextmanager
def served(url: str) -> Iterator[Callable[..., Any]]:
    store = open_store(url)
    assert isinstance(store, SqlStore)
    known = methods(store.database)

    def ask(method: str, **fields: Any) -> Any:
        request = getattr(service, f"{method}Request")(**fields)
        answer = known[method](request.SerializeToString())
        assert not answer.code, answer.problem
        return getattr(service, f"{method}Response").FromString(answer.data)

    yield ask
    store.close()


def check_all_come_back(url: str) -> None:
    wanted = {f"p{number}": value for number, value in enumerate(values())}
    with served(url) as ask:
        kind = ask("PutArtifactType", artifact_type=pb.ArtifactType(name="A")).type_id
        artifact = pb.Artifact(type_id=kind, custom_properties=wanted)
        ids = ask("PutArtifacts", artifacts=[artifact]).artifact_ids
        (found,) = ask("GetArtifactsByID", artifact_ids=ids).artifacts
        assert dict(found.custom_properties) == wanted
        # What is read can be put again as it is.
        ask("PutArtifacts", artifacts=[found])
        (again,) = ask("GetArtifactsByID", artifact_ids=ids).artifacts
        assert again == found


def test_all_values_come_back_from_a_file(tmp_path: Any) -> None:
    check_all_come_back(f"sqlite:///{tmp_path}/metadata.db")


@pytest.mark.slow  # a PostgreSQL is started
def test_all_values_come_back_from_postgresql(postgresql_url: str) -> None:
    check_all_come_back(postgresql_url)


@pytest.mark.slow  # a MariaDB is started
def test_all_values_come_back_from_mariadb(mariadb_url: str) -> None:
    check_all_come_back(mariadb_url)


def check_what_does_not_fit(url: str) -> None:
    store = open_store(url)
    assert isinstance(store, SqlStore)
    known = methods(store.database)
    put = service.PutArtifactTypeRequest(artifact_type=pb.ArtifactType(name="A"))
    answer = known["PutArtifactType"](put.SerializeToString())
    kind = service.PutArtifactTypeResponse.FromString(answer.data).type_id
    for odd in ({"name": "n" * 300}, {"external_id": "n" * 300}):
        wanted = service.PutArtifactsRequest(artifacts=[pb.Artifact(type_id=kind, **odd)])
        found = known["PutArtifacts"](wanted.SerializeToString())
        assert found.code.name == "INVALID_ARGUMENT", found
    assert not known["GetArtifacts"](b"").data
    store.close()


@pytest.mark.slow  # a PostgreSQL is started
def test_what_postgresql_does_not_take_is_no_fault_of_the_server(postgresql_url: str) -> None:
    check_what_does_not_fit(postgresql_url)


@pytest.mark.slow  # a MariaDB is started
def test_what_mariadb_does_not_take_is_no_fault_of_the_server(mariadb_url: str) -> None:
    check_what_does_not_fit(mariadb_url)


def test_a_value_that_is_none_is_refused(ask: Any, types: dict[str, int]) -> None:
    empty = pb.Artifact(type_id=types["A"])
    empty.custom_properties["p"].SetInParent()
    assert ask("PutArtifacts", artifacts=[empty])[0] == "INVALID_ARGUMENT"
    empty.custom_properties["p"].proto_value.value = b"x"
    assert ask("PutArtifacts", artifacts=[empty])[0] == "INVALID_ARGUMENT"


def test_a_struct_that_nobody_could_read_is_refused(ask: Any, types: dict[str, int]) -> None:
    deep = pb.Artifact(type_id=types["A"])
    value = deep.custom_properties["p"].struct_value.fields["a"]
    for _ in range(45):
        value = value.list_value.values.add()
    value.number_value = 1
    assert ask("PutArtifacts", artifacts=[deep])[0] == "INVALID_ARGUMENT"
