import inspect

import pytest

from mlops_pipeline.store import MemoryStore, MetadataStore

METHODS = [
    name
    for name, thing in vars(MetadataStore).items()
    if inspect.isfunction(thing) and not name.startswith("_")
]


@pytest.mark.parametrize("name", METHODS)
def test_the_store_in_memory_takes_what_the_protocol_says(name: str) -> None:
    wanted = inspect.signature(getattr(MetadataStore, name)).parameters
    given = inspect.signature(getattr(MemoryStore, name)).parameters
    assert [(p.name, p.kind) for p in given.values()] == [(p.name, p.kind) for p in wanted.values()]


def test_the_protocol_says_how_to_write_and_to_read() -> None:
    assert {"put_run", "put_execution", "get_run", "executions_of_run", "close"} <= set(METHODS)
