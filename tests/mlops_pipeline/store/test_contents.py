"""Stores that are read as a whole belong to a database: see `mlops_metadata.upkeep`."""

from __future__ import annotations

import pytest

from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import Contents, Ended, finish_deleted, mark_deleted, read_contents


def test_what_is_in_no_database_is_refused_with_what_to_name() -> None:
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        read_contents("memory://")
    assert "sqlite:///FILE" in caught.value.hint


def test_nothing_to_mark_opens_no_store() -> None:
    assert mark_deleted("sqlite:////nothing/here.db", [], Ended()) == []
    finish_deleted("sqlite:////nothing/here.db", [])


def test_contents_of_nothing_are_empty() -> None:
    assert Contents().artifacts == {}
