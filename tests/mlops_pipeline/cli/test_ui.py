"""`mlops ui`: facts of a page without a server, and what it refuses."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from cli_project import Mlops

TFX_STORES = Path(__file__).parents[2] / "mlops_metadata" / "tfx_stores"


def test_the_facts_of_a_page_are_printed_without_a_server(mlops: Mlops) -> None:
    mlops("run", "--run-id", "one")
    assert mlops("ui", "--json").data["runs"][0]["id"] == "one"
    found = mlops("ui", "run?id=last", "--json").data
    assert {group["node_id"] for group in found["groups"]} == {"Train", "Check", "Square"}
    assert mlops("ui", "models", "--json").data["models"][0]["run"] == "one"


def test_an_empty_project_has_an_overview(mlops: Mlops) -> None:
    assert mlops("ui", "--json").data["runs"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["modles", "--json"], "there is no page 'modles'"),
        (["run", "--json"], "needs 'id'"),
        (["run?id=x", "--json"], "there are no runs yet"),
        (["--host", "0.0.0.0", "--no-token"], "--no-token would show all"),
        (["--base-path", "a b"], "is no path"),
        (["--token-file", "/"], "cannot be used"),
        (["--host", "203.0.113.1"], "cannot listen on"),
    ],
)
def test_a_mistake_ends_with_two_and_says_what_to_do(
    mlops: Mlops, arguments: list[str], said: str
) -> None:
    result = mlops("ui", *arguments)
    assert (result.code, said in result.err, "hint:" in result.err) == (2, True, True)


@pytest.mark.slow  # Starts an interpreter.
def test_without_the_web_server_it_says_what_to_install(mlops: Mlops) -> None:
    script = (
        "import sys\n"
        "sys.modules['uvicorn'] = None\n"
        "from mlops_pipeline.cli import call\n"
        "sys.exit(call(['ui']))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, "pip install 'mlops-pipeline[ui]'" in done.stderr) == (2, True)


@pytest.mark.slow  # Starts an interpreter.
def test_facts_need_no_web_server(mlops: Mlops) -> None:
    script = (
        "import sys\n"
        "for name in ('starlette', 'uvicorn', 'jinja2'):\n"
        "    sys.modules[name] = None\n"
        "from mlops_pipeline.cli import call\n"
        "sys.exit(call(['ui', '--json']))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_store_that_tfx_has_written_is_shown_and_left_as_it_is(
    mlops: Mlops, tmp_path: Path
) -> None:
    database = tmp_path / "tfx.db"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.executescript((TFX_STORES / "portable.sql").read_text())
    before = database.read_bytes()
    found = mlops("ui", "--json", "--store", str(database)).data
    assert [run["state"] for run in found["runs"]] == ["FAILED", "COMPLETE", "COMPLETE"]
    assert found["concerns"][0]["command"] == ""
    for page in ("models", "datasets", "run?id=last", "search?q=penguin"):
        assert mlops("ui", page, "--json", "--store", str(database)).code == 0
    assert database.read_bytes() == before
    assert [path.name for path in tmp_path.glob("tfx.db*")] == ["tfx.db"]
