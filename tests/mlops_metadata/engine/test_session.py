from __future__ import annotations

from mlops_metadata.engine.session import CHUNK, chunks, marks


def test_ids_are_asked_for_in_parts_that_a_statement_takes() -> None:
    ids = list(range(2 * CHUNK + 1))
    parts = list(chunks(ids))
    assert [len(part) for part in parts] == [CHUNK, CHUNK, 1]
    assert [each for part in parts for each in part] == ids
    assert list(chunks([])) == []


def test_there_is_a_mark_for_each_value() -> None:
    assert marks(3) == "?, ?, ?"
