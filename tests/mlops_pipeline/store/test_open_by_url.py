"""Where settings come from, and what is said of wrong ones."""

from __future__ import annotations

import pytest

from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import MemoryStore, open_store


def test_a_store_in_memory_opens_by_url() -> None:
    assert isinstance(open_store("memory://"), MemoryStore)


def test_an_unknown_store_gives_the_near_miss() -> None:
    with pytest.raises(StoreError, match="no store is registered for sqlit://") as caught:
        open_store("sqlit:///x.db")
    assert caught.value.hint == "did you mean 'sqlite'?"


def test_a_store_without_a_scheme_is_refused() -> None:
    with pytest.raises(StoreError, match="not the URL of a store"):
        open_store("metadata.db")
