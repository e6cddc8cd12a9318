"""The command `mlops models`, over a store in memory that the commands share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cli_project import Mlops
from registered_models import push, with_versions

from mlops_pipeline.store import open_store


@pytest.fixture
def pushed(mlops: Mlops) -> list[int]:
    """Two versions of a model in the store of the commands."""
    mlops("run", ".")
    return with_versions(open_store(os.environ["MLOPS_STORE"]), 2)


def test_a_model_is_listed_with_its_aliases(mlops: Mlops, pushed: list[int]) -> None:
    mlops("models", "promote", "fraud", "1", "--by", "ann", "--why", "the first")
    out = mlops("models", "list").out
    assert "fraud" in out
    assert "champion=v1" in out
    assert mlops("models", "list", "--json").data[0]["aliases"] == [["champion", 1]]


def test_history_and_versions_are_shown(mlops: Mlops, pushed: list[int]) -> None:
    mlops("models", "promote", "fraud", "1", "--by", "ann", "--why", "the first")
    mlops("models", "promote", "fraud", "v2", "--by", "bob")
    rolled = mlops("models", "rollback", "fraud", "--by", "eve", "--why", "errors doubled")
    assert "champion v2 -> v1, rolled back by eve: errors doubled" in rolled.out
    shown = mlops("models", "show", "fraud").out
    assert "champion none -> v1 by ann: the first" in shown
    assert "rolled back" in shown
    one = mlops("models", "show", "fraud", "2").out
    assert "state: rolled back: errors doubled" in one
    again = mlops("models", "promote", "fraud", "2")
    assert again.code == 2
    assert "v2 was rolled back: errors doubled" in again.err


def test_the_past_is_shown(mlops: Mlops, pushed: list[int]) -> None:
    mlops("models", "alias", "fraud", "live", "1")
    assert "live" in mlops("models", "as-of", "2999-01-01").out
    assert "no alias pointed anywhere" in mlops("models", "as-of", "2000-01-01").out
    found = mlops("models", "as-of", "2999-01-01", "fraud", "--json").data
    assert found[0]["aliases"] == [["live", 1]]
    assert mlops("models", "as-of", "soon").code == 2


def test_two_versions_are_compared(mlops: Mlops, pushed: list[int]) -> None:
    out = mlops("models", "compare", "fraud", "1", "2").out
    assert "mlops compare run-fraud-1 run-fraud-2" in out
    data = mlops("models", "compare", "fraud", "1", "2", "--json").data
    assert {"digest", "run", "artifact"} <= set(data["differ"])


def test_a_version_is_registered_with_card_signature_and_licence(
    mlops: Mlops, pushed: list[int], tmp_path: Path
) -> None:
    store = open_store(os.environ["MLOPS_STORE"])
    artifact = push(store, "new")
    (tmp_path / "card.md").write_text("# Fraud\nFor cards.")
    (tmp_path / "signature.json").write_text('{"inputs": ["amount"]}')
    done = mlops(
        *("models", "register", str(artifact), "fraud", "--licence", "MIT"),
        *("--card", str(tmp_path / "card.md"), "--signature", str(tmp_path / "signature.json")),
    )
    assert f"fraud v3 is artifact {artifact}" in done.out
    shown = mlops("models", "show", "fraud", "3").out
    assert "For cards." in shown
    assert "licence: MIT" in shown
    found = mlops("models", "show", "fraud", "3", "--json").data
    assert found["signature"] == {"inputs": ["amount"]}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("register", "x", "fraud"), "is no number of an artifact"),
        (("register", "99999", "fraud"), "there is no artifact 99999"),
        (("register", "1", "a/b"), "is no name of a model"),
        (("register", "1", "fraud", "--card", "/nowhere.md"), "cannot read /nowhere.md"),
        (("show", "nothing"), "no model 'nothing' is registered"),
        (("show", "../x"), "is no name of a model"),
        (("promote", "fraud", "9"), "has no version 9"),
        (("rollback", "fraud"), "no champion to roll back"),
        (("approve", "fraud", "v1"), "needs a reason"),
    ],
)
def test_mistakes_are_told_with_what_to_do(
    mlops: Mlops, pushed: list[int], words: tuple[str, ...], said: str
) -> None:
    done = mlops("models", *words)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_what_was_pushed_under_a_name_is_registered(mlops: Mlops, pushed: list[int]) -> None:
    store = open_store(os.environ["MLOPS_STORE"])
    push(store, "late", model_name="fraud")
    assert "fraud v3" in mlops("models", "register", "pushed", "fraud").out
    assert "nothing was pushed" in mlops("models", "register", "pushed", "fraud").out


def test_a_person_approves_or_rejects(mlops: Mlops, pushed: list[int]) -> None:
    done = mlops("models", "approve", "fraud", "v1", "--by", "ann", "--why", "fair")
    assert f"artifact {pushed[0]} is approved as fraud by ann: fair" in done.out
    mlops("models", "approve", "fraud", str(pushed[1]), "--reject", "--why", "no card")
    shown = mlops("models", "show", "fraud").out
    assert "ready, approved" in shown
    assert "ready, rejected" in shown


def test_a_version_is_archived_and_restored(mlops: Mlops, pushed: list[int]) -> None:
    assert "v1 is archived" in mlops("models", "archive", "fraud", "1").out
    assert "v1 is ready" in mlops("models", "archive", "fraud", "1", "--restore").out


def test_a_store_without_models_says_how_to_have_one(mlops: Mlops) -> None:
    mlops("run", ".")
    assert "no models yet" in mlops("models", "list").out
