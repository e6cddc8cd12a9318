"""Events that were recorded, checked against the schemas of the specification and our own."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from openlineage_place import Event, Place

from mlops_pipeline.openlineage.facets import SCHEMAS
from mlops_pipeline.openlineage.spool import Spool

# Other environments do without the client and the checker of schemas.
if (
    importlib.util.find_spec("openlineage") is None
    or importlib.util.find_spec("jsonschema") is None
):
    collect_ignore = [f"test_{name}.py" for name in ("again", "client", "recording", "sending")]

SPEC = Path(__file__).parent / "spec"


@pytest.fixture(scope="session")
def check() -> Callable[[Sequence[Event]], None]:
    """Refuses events and facets that are not as their schemas want them; all must have one."""
    import jsonschema
    from referencing import Registry, Resource

    files = [
        json.loads(path.read_text()) for path in [*SPEC.glob("*.json"), *SCHEMAS.glob("*.json")]
    ]
    known = {each["$id"]: each for each in files}
    registry: Any = Registry().with_resources(
        (name, Resource.from_contents(each)) for name, each in known.items()
    )
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER

    def against(url: str, value: Any) -> None:
        assert url.partition("#")[0] in known
        jsonschema.Draft202012Validator(
            {"$ref": url}, registry=registry, format_checker=checker
        ).validate(value)

    def check_all(events: Sequence[Event]) -> None:
        for event in events:
            against(event["schemaURL"], event)
            datasets = [*event["inputs"], *event["outputs"]]
            places = [event["run"], event["job"], *datasets]
            for facets in [p.get(k, {}) for p in places for k in ("facets", "inputFacets")]:
                for facet in facets.values():
                    against(facet["_schemaURL"], facet)

    return check_all


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)
