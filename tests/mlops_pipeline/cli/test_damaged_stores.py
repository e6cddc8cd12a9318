"""Rows that are damaged: each command shows all the others, and says what is wrong."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cli_project import PIPELINE, Result
from damaged_rows import KINDS, RECORDS, change_record

from mlops_pipeline.cli import call


class Good(NamedTuple):
    """A project with two runs, and what the second has made."""

    folder: Path
    old: str
    name: str
    ids: dict[str, Any]


Say = Callable[..., Result]


def say(capsys: pytest.CaptureFixture[str]) -> Say:
    def run(*arguments: str) -> Result:
        capsys.readouterr()
        code = call(list(arguments))
        said = capsys.readouterr()
        return Result(code, said.out, said.err)

    return run


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Good:
    folder = tmp_path_factory.mktemp("good")
    (folder / "mlops.toml").write_text("")
    (folder / "pipeline.py").write_text(PIPELINE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for steps in ("5", "7"):
            given = ("-p", f"steps={steps}", "--store", "good.db", "--in-process")
            assert call(["run", ".", *given]) == 0
    with closing(sqlite3.connect(folder / "good.db")) as connection:
        runs = connection.execute(
            "SELECT c.id, c.name FROM Context c JOIN Type t ON t.id = c.type_id "
            "WHERE t.name = 'pipeline_run' ORDER BY 1"
        ).fetchall()
        ((train,),) = connection.execute(
            "SELECT max(execution_id) FROM ExecutionProperty "
            "WHERE name = 'mlops.node_id' AND string_value = 'Train'"
        ).fetchall()
        ((model,),) = connection.execute(
            "SELECT max(a.id) FROM Artifact a JOIN Type t ON t.id = a.type_id "
            "WHERE t.name = 'Model'"
        ).fetchall()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (_, old), (run, name) = runs
    return Good(folder, old, name, {"run": run, "name": name, "train": train, "model": model})


@pytest.fixture
def damaged(good: Good, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    monkeypatch.chdir(good.folder)
    for suffix in ("", "-wal", "-shm"):
        Path(f"metadata.db{suffix}").unlink(missing_ok=True)
    shutil.copy("good.db", "metadata.db")

    def change(work: Callable[[sqlite3.Connection], Any]) -> None:
        with closing(sqlite3.connect("metadata.db")) as connection, connection:
            work(connection)

    return change


def all_of_them(good: Good, run: Say) -> dict[str, str]:
    """Return what each command says, by its first word; none ends in a traceback."""
    model = str(good.ids["model"])
    commands = {
        "runs": ("runs",),
        "show": ("show", good.name),
        "node": ("show", good.name, "Train"),
        "last": ("show",),
        "lineage": ("lineage", model),
        "down": ("lineage", model, "--down"),
        "artifacts": ("artifacts", good.name),
        "why": ("why", good.name, "Train"),
        "plan": ("plan", "."),
        "data": ("data", "list"),
        "verify": ("verify",),
        "gc": ("metadata", "gc"),
        "fsck": ("metadata", "fsck"),
    }
    found, codes = {}, {}
    for name, command in commands.items():
        as_json = name in ("runs", "show", "lineage", "artifacts", "why")
        for flags in ((), ("--json",)) if as_json else ((),):
            done = run(*command, *flags, "--store", "metadata.db")
            assert done.code in (0, 1, 2)
            assert "Traceback" not in done.err
            if done.code == 2:
                codes[name] = done.err
            elif flags:
                assert done.data is not None
            else:
                found[name] = done.out
    found["refused"] = " ".join(codes)
    return found


def check_old_run(good: Good, run: Say, before: str) -> None:
    """What is not damaged is shown as it was."""
    shown = run("show", good.old, "--store", "metadata.db")
    assert shown.code == 0
    assert table(shown.out) == table(before)


def table(text: str) -> list[str]:
    """The nodes of a run, with their decisions and times."""
    return sorted(line for line in text.splitlines() if line.startswith(("Train", "Check", "Sq")))


TOUCHES_ALL = ("paths", "documents", "an artifact whose type", "an execution whose type", "a type")


@pytest.mark.slow  # some hundred damaged stores, each read by many commands
@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_named_and_hides_nothing_else(
    good: Good, damaged: Any, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    run, damage = say(capsys), KINDS[kind]
    before = run("show", good.old, "--store", "good.db").out
    damaged(lambda connection: connection.execute(damage.statement.format(**good.ids)))
    found = all_of_them(good, run)
    allowed = {*damage.others, *(("down",) if "lineage" in damage.others else ())}
    allowed |= {"artifacts", "last"} if "show" in damage.others else set()
    assert set(found["refused"].split()) <= allowed
    if damage.named:
        assert damage.named.format(**good.ids) in found[damage.command]
    assert found["runs"].count("small") + found["runs"].count("damaged") >= 2
    if not kind.startswith(TOUCHES_ALL):
        check_old_run(good, run, before)


@pytest.mark.slow  # as above
@pytest.mark.parametrize("kind", RECORDS)
def test_an_odd_field_of_a_record_is_named_and_hides_nothing_else(
    good: Good, damaged: Any, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    run, (field, value, named) = say(capsys), RECORDS[kind]
    before = run("show", good.old, "--store", "good.db").out
    train = good.ids["train"]
    damaged(lambda connection: change_record(connection, train, field, value))
    found = all_of_them(good, run)
    assert found["refused"] == ""
    assert named in found["show"]
    assert named in found["node"]
    check_old_run(good, run, before)


def test_a_damaged_result_is_made_again(
    good: Good, damaged: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run, train = say(capsys), good.ids["train"]
    damaged(lambda connection: change_record(connection, train, "finished", "soon"))
    done = run("run", ".", "-p", "steps=7", "--in-process", "--json", "--store", "metadata.db")
    assert done.code == 0
    (node,) = [each for each in done.data["nodes"] if each["name"] == "Train"]
    assert (node["decision"], node["reason"]) == (
        "run",
        "the record of the earlier result is damaged",
    )
