"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_project import Mlops, decisions


def test_paths_on_the_command_line_start_at_the_current_folder(
    mlops: Mlops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "from pathlib import Path\nfrom mlops_pipeline import component, pipeline\n\n"
    text += "@component\ndef Size(table: Path) -> int:\n    return len(table.read_text())\n\n"
    text += "@pipeline\ndef sizes(table: Path = Path('t.csv')) -> None:\n    Size(table=table)\n"
    (tmp_path / "pipeline.py").write_text(text)
    (tmp_path / "t.csv").write_text("abc")
    mlops("run", ".")
    elsewhere = tmp_path / "data"
    elsewhere.mkdir()
    (elsewhere / "t.csv").write_text("longer")
    monkeypatch.chdir(elsewhere)
    assert decisions(mlops("run", "..", "-p", "table=../t.csv", "--json")) == {"Size": "cached"}
    assert decisions(mlops("run", "..", "-p", "table=t.csv", "--json")) == {"Size": "run"}
    said = mlops("why", "last", "Size").out
    assert f"parameter table: {elsewhere}/t.csv has different content" in said
    assert mlops("compile", "..").out == mlops("compile", str(tmp_path)).out


@pytest.mark.parametrize(
    "words",
    [
        ("runs", "--store", "~nosuchuser/x.db"),
        ("runs", "--store", "sqlite:///~nosuchuser/x.db"),
        ("import-tfx", "~nosuchuser/x.db"),
        ("metadata", "copy", "~nosuchuser/x.db", "y.db"),
        ("init", "~nosuchuser/x"),
        ("plan", "~nosuchuser/x"),
    ],
)
def test_a_home_folder_that_is_not_there_is_an_error_of_the_user(
    mlops: Mlops, words: tuple[str, ...]
) -> None:
    done = mlops(*words)
    assert done.code == 2
    assert "there is no home folder for '~nosuchuser'" in done.err
    assert "Traceback" not in done.err
