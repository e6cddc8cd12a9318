"""The pages of a run and of a node."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.store import (
    NOTE,
    TAG_ADDED,
    Execution,
    MemoryStore,
    Run,
    State,
    put_mark,
    run_target,
)
from mlops_pipeline.ui.views.reader import Reader
from mlops_pipeline.ui.views.run_pages import read_node_page, read_run_page


def test_a_run_has_its_nodes_times_and_decisions(reader: Reader) -> None:
    found = read_run_page(reader, "second")
    assert found.decisions == {"cached": 7, "run": 2}
    assert {group.node_id: len(group.nodes) for group in found.groups} == {
        "Gen": 1,
        "Train": 1,
        "Evaluate": 1,
        "Square": 6,
    }
    assert found.parameters["steps"] == 9
    assert 0 < found.span <= found.seconds
    assert (found.commands, found.live, found.origin) == ((), False, "")


def test_a_failed_run_says_what_to_do(reader: Reader) -> None:
    commands = [command for command, _ in read_run_page(reader, "failing").commands]
    assert commands == ["mlops resume failing", "mlops replay failing Train --pdb"]


def test_a_name_of_a_run_is_safe_to_paste_into_a_shell() -> None:
    store = MemoryStore()
    store.put_run(Run("a; rm -rf x", "p", State.FAILED, ir="x", started=1.0, finished=2.0))
    (command, _), *_ = read_run_page(Reader(store), "a; rm -rf x").commands
    assert command == "mlops resume 'a; rm -rf x'"


def test_a_node_says_why_it_ran_and_what_had_changed(reader: Reader) -> None:
    found = read_node_page(reader, "second", "Train")
    assert found.compared_with == "first"
    assert found.changes == ("parameter steps: 7 -> 9",)
    assert [link.type for link in found.node.outputs] == ["Model"]
    assert found.parameters["steps"] == 9


def test_a_failed_node_has_its_error_and_its_output(reader: Reader) -> None:
    found = read_node_page(reader, "failing", "Train")
    assert found.node.error == "ValueError: 13 steps are <b>unlucky</b>" or (
        "unlucky" in found.node.error
    )
    assert "unlucky" in found.details
    assert len(found.attempts) == found.node.attempts


def test_a_wrong_name_is_answered_with_the_nearest(reader: Reader) -> None:
    with pytest.raises(NotFoundError, match="no node 'Trian'") as error:
        read_node_page(reader, "second", "Trian")
    assert "Train" in error.value.hint
    with pytest.raises(NotFoundError, match="no run"):
        read_run_page(reader, "nothing")


def test_a_run_of_another_program_has_no_commands() -> None:
    store = MemoryStore()
    store.put_run(Run("r", "p", State.FAILED, started=1.0, finished=2.0))
    assert read_run_page(Reader(store), "r").commands == ()


def test_an_imported_run_is_shown_as_such_without_commands() -> None:
    store = MemoryStore()
    run = Run("r", "p", State.FAILED, ir="x", started=1.0, finished=2.0)
    store.put_run(replace(run, properties={"imported_from": "tfx.db"}))
    found = read_run_page(Reader(store), "r")
    assert (found.origin, found.commands) == ("tfx.db", ())


@pytest.mark.parametrize("manifest", ["x", "[]", "{}", '{"parts": 3}', '{"version": 1}', "null"])
def test_a_damaged_record_of_a_cache_key_hides_nothing_else(manifest: str) -> None:
    store = MemoryStore()
    store.put_run(Run("r", "p", State.COMPLETE, started=1.0, finished=2.0))
    for name in ("one", "two"):
        odd = Execution("c", "p", "r", "n", State.COMPLETE, manifest=manifest, cache_key="k")
        store.put_execution(replace(odd, name=name))
    found = read_node_page(Reader(store), "r", "n")
    assert found.node.decision == "run"
    assert len(found.attempts) == 2


def test_a_run_shows_its_tags_and_notes() -> None:
    store = MemoryStore()
    store.put_run(Run("a", "p", State.COMPLETE, ir="x", started=1.0, finished=2.0))
    put_mark(store, run_target("a"), TAG_ADDED, "<b>")
    put_mark(store, run_target("a"), NOTE, "for the paper", by="ada")
    page = read_run_page(Reader(store), "a")
    assert (page.tags, [(note.text, note.by) for note in page.notes]) == (
        ("<b>",),
        [("for the paper", "ada")],
    )
