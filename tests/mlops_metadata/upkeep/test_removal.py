"""Artifacts marked as deleted, in a store in a file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from removal_contract import RemovalContract, publish

from mlops_pipeline.store import State, read_contents


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'metadata.db'}"


class TestFile(RemovalContract):
    pass


def test_damaged_records_are_named_and_do_not_hide_others(url: str) -> None:
    a, b = publish(url, "a", run="one"), publish(url, "b", run="two")
    path = url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE ContextProperty SET string_value = 'nonsense' WHERE name = 'mlops.state' "
            "AND context_id = (SELECT id FROM Context WHERE name = 'one')"
        )
    contents = read_contents(url)
    assert contents.damaged == ["run one: state is 'nonsense'"]
    # Nobody knows that it has ended.
    assert contents.runs["one"].state is State.RUNNING
    assert contents.artifacts.keys() == {a.id, b.id}
