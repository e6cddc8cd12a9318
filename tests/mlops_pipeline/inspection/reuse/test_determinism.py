"""The same key, the same bytes?"""

from __future__ import annotations

import pytest

from mlops_pipeline.inspection.reuse.determinism import read_determinism
from mlops_pipeline.store import ArtifactRecord, Execution, MemoryStore, Run, State


def keyed(*digests: str) -> MemoryStore:
    """A node that ran once for each digest, with one key."""
    store = MemoryStore()
    for number, digest in enumerate(digests):
        run = f"r{number}"
        store.put_run(Run(run, "p", State.COMPLETE))
        made = Execution("T", "p", run, "T", State.COMPLETE, name=run, cache_key="k")
        record = ArtifactRecord("Model", f"/{number}", digest=digest)
        store.put_execution(made, outputs={"model": [record]})
    return store


def differ(one: ArtifactRecord, other: ArtifactRecord) -> str:
    return f"{one.uri} {other.uri}"


@pytest.mark.parametrize(
    ("digests", "same", "first"),
    [
        (("a", "a"), True, ""),
        (("a", "a", "b", "c"), False, "/0 /2"),
        (("a", ""), None, ""),
    ],
)
def test_results_with_one_key_are_compared(
    digests: tuple[str, ...], same: bool | None, first: str
) -> None:
    (found,) = read_determinism(keyed(*digests), differ)
    assert (found.is_same, found.first, len(found.runs)) == (same, first, len(digests))
    assert found.results == (0 if same is None else len(set(digests)))


def test_a_key_that_ran_once_says_nothing() -> None:
    assert read_determinism(keyed("a"), differ) == ()


def test_an_output_that_is_not_in_both_is_named() -> None:
    store = keyed("a")
    store.put_run(Run("x", "p", State.COMPLETE))
    made = Execution("T", "p", "x", "T", State.COMPLETE, name="x", cache_key="k")
    store.put_execution(made, outputs={"other": [ArtifactRecord("Model", "/x", digest="a")]})
    (found,) = read_determinism(store, differ)
    assert (found.output, found.first) == ("model", "it is not there in both")


def test_results_without_outputs_are_not_said_to_be_the_same() -> None:
    store = MemoryStore()
    for run in ("a", "b"):
        store.put_run(Run(run, "p", State.COMPLETE))
        store.put_execution(Execution("T", "p", run, "T", State.COMPLETE, name=run, cache_key="k"))
    (found,) = read_determinism(store, differ)
    assert found.is_same is None
