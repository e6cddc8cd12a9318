from __future__ import annotations

from cli_project import Mlops


def test_notes_are_shown_with_who_and_when(mlops: Mlops) -> None:
    mlops("run", ".", "--run-id", "one")
    assert mlops("note", "one").out == "run one: 0 notes\n"
    said = mlops("note", "one", "more steps helped").out
    assert said.startswith("run one: 1 note\n")
    assert said.rstrip().endswith("more steps helped")
    assert "more steps helped" in mlops("show", "one").out
    (note,) = mlops("note", "one", "--json").data["notes"]
    assert note["text"] == "more steps helped"
