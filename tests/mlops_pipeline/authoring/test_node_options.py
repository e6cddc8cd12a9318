from __future__ import annotations

from typing import Any

import pytest

from mlops_pipeline import (
    Cache,
    Examples,
    Output,
    Resources,
    compile_pipeline,
    component,
    ir,
    pipeline,
)
from mlops_pipeline.authoring import Component
from mlops_pipeline.errors import DefinitionError


@component
def Make(n: int = 1, *, examples: Output[Examples]) -> None:
    """Make examples.

    In two paragraphs.
    """


def only_node(made: Component, **arguments: Any) -> ir.NodeIR:
    @pipeline
    def p() -> None:
        made(**arguments)

    return compile_pipeline(p).nodes[0]


def test_options_change_the_node_and_leave_the_component() -> None:
    tuned = Make.options(
        id="again",
        retries=2,
        retry_wait=0.5,
        timeout=60,
        cache=Cache(max_age=10, salt="x"),
        labels={"team": "a"},
        resources=Resources(cpu=2, memory="1.5Gi", accelerator="t4"),
    )
    node = only_node(tuned.options(retry_factor=3))
    assert node.id == "again"
    assert node.retry == ir.RetryIR(attempts=3, wait=0.5, factor=3)
    assert node.timeout == 60
    assert node.cache == ir.CacheIR(max_age=10, salt="x")
    assert node.labels == {"team": "a"}
    assert node.resources == ir.ResourcesIR(2, 1610612736, "t4", 1)
    assert only_node(Make).id == "Make"


def test_the_cache_can_be_switched_off() -> None:
    assert not only_node(Make.options(cache=False)).cache.enabled


@pytest.mark.parametrize(
    ("memory", "wanted"), [("4Gi", 4 * 1024**3), ("500M", 500_000_000), ("2KB", 2000), (7, 7)]
)
def test_memory_is_given_in_bytes_or_as_a_size(memory: Any, wanted: int) -> None:
    assert Resources(memory=memory).to_ir().memory == wanted


def test_a_memory_that_is_no_size_is_refused() -> None:
    with pytest.raises(DefinitionError, match="memory 'much' is not a size"):
        Resources(memory="much").to_ir()


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"retrys": 2}, "Make: retrys is not an option", "did you mean 'retries'?"),
        ({"retries": -1}, "Make: retries cannot be -1", "give a whole number"),
        ({"retries": True}, "Make: retries cannot be True", "give a whole number"),
        ({"timeout": 0}, "Make: timeout cannot be 0", "give seconds"),
        ({"cache": "no"}, "Make: cache cannot be 'no'", "give True, False or Cache"),
        ({"labels": {"a": 1}}, "Make: labels cannot be", "give a dict of texts"),
        ({"resources": "big"}, "Make: resources cannot be 'big'", "give Resources("),
        ({"after": Make}, "Make: after cannot be", "give a list of nodes"),
        ({"id": 3}, "Make: id cannot be 3", "give a text"),
    ],
)
def test_wrong_options_are_refused(options: Any, message: str, hint: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Make.options(**options)
    assert caught.value.message.startswith(message)
    assert hint in caught.value.hint
    assert "test_node_options.py:" in caught.value.where
