from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops_metadata.engine import Database, open_database
from mlops_metadata.engine.locations import Location

Ask = Callable[..., Any]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(Location(tmp_path / "metadata.db"))
    yield opened
    opened.close()


@pytest.fixture
def ask(database: Database) -> Ask:
    """Send a request, by method and fields: the response, or the code and words of a refusal."""
    from mlops_metadata.messages import service
    from mlops_metadata.service import methods

    known = methods(database)

    def send(method: str, **fields: Any) -> Any:
        request = getattr(service, f"{method}Request")(**fields)
        answer = known[method](request.SerializeToString())
        if answer.code:
            return answer.code.name, answer.problem
        return getattr(service, f"{method}Response").FromString(answer.data)

    return send


@pytest.fixture
def types(ask: Ask) -> dict[str, int]:
    """Types `A`, `E` and `C` with a property of each kind; returns their ids."""
    from ml_metadata.proto import metadata_store_pb2 as pb

    properties = {
        "size": pb.INT,
        "ratio": pb.DOUBLE,
        "note": pb.STRING,
        "on": pb.BOOLEAN,
        "deep": pb.STRUCT,
        "any": pb.PROTO,
    }
    made = ask(
        "PutTypes",
        artifact_types=[pb.ArtifactType(name="A", properties=properties)],
        execution_types=[pb.ExecutionType(name="E", properties=properties)],
        context_types=[pb.ContextType(name="C", properties=properties)],
    )
    return {
        "A": made.artifact_type_ids[0],
        "E": made.execution_type_ids[0],
        "C": made.context_type_ids[0],
    }
