from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlops_metadata.refusals import holder, short, store_error


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("database disk image is malformed", "the file is damaged"),
        ("file is not a database", "the file is damaged, or no SQLite database"),
        ("database or disk is full", "its disk is full"),
        ("database is locked for more than 60 s: process 7 (x)", "another program holds it"),
        ("something new", "something new"),
    ],
)
def test_the_words_of_a_database_are_said_in_those_of_a_user(reason: str, said: str) -> None:
    error = store_error("the metadata store m.db refuses", reason)
    assert error.message.startswith(f"the metadata store m.db refuses: {said}")


def test_long_reasons_are_cut() -> None:
    assert short("a  b\nc") == "a b c"
    assert len(short("x" * 5000)) < 400


def test_this_process_is_not_named_as_who_holds_a_file(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    path.touch()
    file = os.open(path, os.O_RDWR)
    try:
        os.lockf(file, os.F_LOCK, 0)
        assert holder(path) == ""
    finally:
        os.close(file)
