"""`mlops report`: a file of what the web pages show."""

from __future__ import annotations

import importlib.util
import json
import zipfile
from pathlib import Path

import pytest
from cli_project import Mlops

from mlops_pipeline.ui.views import PAGES

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("jinja2") is None or importlib.util.find_spec("starlette") is None,
    reason="needs the extra `ui`",
)


def test_a_run_is_written_to_one_file(mlops: Mlops, tmp_path: Path) -> None:
    mlops("run", "--run-id", "r1")
    result = mlops("report", "last", "-o", "r.html", "--json")
    assert result.code == 0
    facts = json.loads(result.out)
    text = (tmp_path / "r.html").read_text()
    assert facts["bytes"] == len(text.encode())
    assert "Run r1" in text
    assert not list(tmp_path.glob("*.part"))


def test_runs_are_compared_in_one_file(mlops: Mlops, tmp_path: Path) -> None:
    mlops("run", "--run-id", "r1")
    mlops("run", "--run-id", "r2", "--force")
    result = mlops("report", "--compare", "r1", "r2", "-o", "c.html")
    assert "Runs compared: r1, r2, 3 parts" in result.out
    assert "Runs compared" in (tmp_path / "c.html").read_text()


def test_any_pages_may_be_written(mlops: Mlops, tmp_path: Path) -> None:
    mlops("run", "--run-id", "r1")
    assert mlops("report", "--page", "models", "run?id=r1", "-o", "p.html").code == 0
    text = (tmp_path / "p.html").read_text()
    assert "Models" in text
    assert 'href="#p2"' in text


@pytest.mark.skipif("data" not in PAGES, reason="there is no page of data compared")
def test_data_is_compared_in_one_file(mlops: Mlops) -> None:
    mlops("run", "--run-id", "r1")
    assert mlops("report", "--data", "nosuch", "-o", "d.html").code == 2


def test_a_report_may_be_a_zip(mlops: Mlops, tmp_path: Path) -> None:
    mlops("run", "--run-id", "r1")
    assert mlops("report", "r1", "--zip", "-o", "r.zip").code == 0
    assert "index.html" in zipfile.ZipFile(tmp_path / "r.zip").namelist()


def test_a_page_too_large_for_a_browser_asks_for_a_zip(
    mlops: Mlops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlops_pipeline.ui.report.LARGEST", 100)
    monkeypatch.setattr("mlops_pipeline.ui.LARGEST", 100, raising=False)
    mlops("run", "--run-id", "r1")
    result = mlops("report", "r1", "-o", "r.html")
    assert result.code == 2
    assert "--zip -o r.zip" in result.err
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nosuch", "-o", "x.html"], "nosuch"),
        (["-o", "x.html"], "a report is of one run"),
        (["r1", "r1", "-o", "x.html"], "--compare"),
        (["r1"], "-o"),
        (["r1", "-o", "no/such/x.html"], "does not exist"),
        (["--compare", "r1", "-o", "x.html"], "compared"),
        (["--page", "nosuch", "-o", "x.html"], "no page"),
        (["--page", "run?id=nosuch", "-o", "x.html"], "nosuch"),
        (["--page", "run", "-o", "x.html"], "needs"),
    ],
)
def test_mistakes_are_told(mlops: Mlops, tmp_path: Path, arguments: list[str], says: str) -> None:
    mlops("run", "--run-id", "r1")
    result = mlops("report", *arguments)
    assert result.code == 2
    assert says in result.err
    assert not (tmp_path / "x.html").exists()
