from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.store import (
    MARK,
    NOTE,
    TAG_ADDED,
    TAG_REMOVED,
    Execution,
    MemoryStore,
    MetadataStore,
    Run,
    State,
    all_marks,
    artifact_target,
    marks_in,
    notes_of,
    open_store,
    put_mark,
    read_marks,
    run_target,
    tagged_targets,
    tags_of,
)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MetadataStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    with closing(open_store(f"sqlite:///{tmp_path}/metadata.db")) as opened:
        yield opened


def test_tags_hold_until_they_are_taken_away_and_history_stays(store: MetadataStore) -> None:
    of = run_target("r1")
    for kind, text in [(TAG_ADDED, "good"), (TAG_ADDED, "best"), (TAG_REMOVED, "good")]:
        put_mark(store, of, kind, text, by="ada")
    marks = read_marks(store, of)
    assert tags_of(marks) == ("best",)
    assert [(mark.kind, mark.text, mark.by) for mark in marks] == [
        ("tag", "good", "ada"),
        ("tag", "best", "ada"),
        ("untag", "good", "ada"),
    ]
    assert marks[0].at > 1e9


def test_marks_are_no_executions_of_a_run_and_no_runs(store: MetadataStore) -> None:
    store.put_run(Run("r1", "p"))
    put_mark(store, run_target("r1"), NOTE, "a note")
    put_mark(store, artifact_target(3), TAG_ADDED, "good")
    assert store.executions_of_run("r1") == []
    assert [run.id for run in store.list_runs()] == ["r1"]
    assert set(all_marks(store)) == {"run:r1", "artifact:3"}
    assert read_marks(store, run_target("r")) == []


def test_two_who_mark_at_once_lose_nothing(store: MetadataStore) -> None:
    def mark(name: str) -> None:
        for number in range(5):
            put_mark(store, run_target("r1"), TAG_ADDED, f"{name}{number}")

    threads = [threading.Thread(target=mark, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tags_of(read_marks(store, run_target("r1")))) == 15


@pytest.mark.parametrize("text", ["", "a b", "a,b", "a\nb", "x" * 65, "\u202egood", "\x1b[31m"])
def test_what_is_no_tag_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="is no tag"):
        put_mark(MemoryStore(), run_target("r1"), TAG_ADDED, text)


@pytest.mark.parametrize("text", ["", "  ", "x" * 10_001])
def test_a_note_has_a_length(text: str) -> None:
    with pytest.raises(ParameterError, match="a note has 1 to 10000 characters"):
        put_mark(MemoryStore(), run_target("r1"), NOTE, text)


def test_a_note_may_have_any_text(store: MetadataStore) -> None:
    text = "größe \\ 'x' <b>\n\0 \N{SNAKE} \ud800"
    put_mark(store, run_target("r1"), NOTE, text, by="<ada>")
    (note,) = notes_of(read_marks(store, run_target("r1")))
    assert note.text == text.replace("\ud800", "?")


def test_damaged_marks_and_others_are_left_out() -> None:
    good = Execution(MARK, "", "", "run:a", State.COMPLETE, properties={"kind": "tag", "text": "x"})
    others = [
        replace(good, damage="odd"),
        replace(good, properties={"kind": ["tag"], "text": 3}),
        replace(good, properties={"kind": "tag?"}),
        replace(good, component="other"),
    ]
    assert [mark.text for mark in marks_in([good, *others])] == ["x"]
    assert tagged_targets(dict(enumerate([good, *others]))) == {"run:a"}
