"""Runs and comparisons as one file."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from page_runs import METRICS, Tree, hostile_reader

from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.ui.report import compare_parts, one_file, run_parts, zip_file
from mlops_pipeline.ui.views import Reader


def ids(text: str) -> list[str]:
    return re.findall(r' id="([^"]*)"', text)


def test_a_run_is_told_with_its_nodes_and_what_they_made(reader: Reader) -> None:
    report = run_parts(reader, "first")
    text = one_file(reader, report)
    titles = [part.title for part in report.parts]
    assert titles[0] == "Run first of paged"
    assert {"Node Gen", "Node Train", "Node Evaluate"} <= set(titles)
    assert any(title.startswith("Lineage of Model") for title in titles)
    said = Tree(text).text
    assert " ago" not in said
    assert " UTC" in said
    for fact in ("steps", "0.9125", "0.75", "3 anomalies in <age>", "country=DE"):
        assert fact in said
    assert METRICS["overall"]
    assert len(text) < 600_000


def test_it_asks_for_nothing_and_every_link_leads_somewhere(reader: Reader) -> None:
    for report in (run_parts(reader, "first"), compare_parts(reader, ["first", "second"])):
        text = one_file(reader, report)
        tree = Tree(text)
        assert len(ids(text)) == len(set(ids(text)))
        assert {link for link in tree.links if link != "data:,"} <= {
            f"#{each}" for each in ids(text)
        }
        assert {"script", "iframe", "form", "img"}.isdisjoint(tag for tag, _ in tree.elements)
        assert "default-src 'none'" in text
        opened = [tag for tag, _ in tree.elements]
        for tag in ("a", "section", "table", "details", "ul", "li", "span", "bdi"):
            assert opened.count(tag) == opened.count(f"/{tag}"), tag


def test_a_failure_comes_first(reader: Reader) -> None:
    report = run_parts(reader, "failing")
    assert [part.title for part in report.parts][1] == "Node Train"
    assert "13 steps are <b>unlucky</b>" in Tree(one_file(reader, report)).text


def test_a_comparison_has_its_runs_beside_it(reader: Reader) -> None:
    report = compare_parts(reader, ["first", "second"])
    assert [part.page for part in report.parts] == ["compare", "run", "run"]
    text = one_file(reader, report)
    assert 'href="#p2"' in text
    assert "steps" in Tree(text).text


def test_many_nodes_are_left_out_aloud(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlops_pipeline.ui.report.NODES", 2)
    report = run_parts(reader, "first")
    assert [part.page for part in report.parts].count("node") == 2
    assert report.notes
    assert report.notes[0] in Tree(one_file(reader, report)).text


def test_a_zip_has_a_page_a_part(reader: Reader) -> None:
    report = run_parts(reader, "first")
    data = zip_file(reader, report)
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        names = set(packed.namelist())
        pages = {name: packed.read(name).decode() for name in names}
    assert names == {"index.html", *(f"{part.id}.html" for part in report.parts)}
    for name, text in pages.items():
        for link in Tree(text).links:
            where, _, anchor = link.partition("#")
            assert link == "data:," or (where or name) in names
            assert not anchor or anchor in ids(pages[where or name])
    assert zip_file(reader, report) == data


def test_hostile_names_are_texts(tmp_path: Path) -> None:
    def elements(name: str) -> list[object]:
        reader = hostile_reader(tmp_path, name)
        found = run_parts(reader, reader.store.list_runs()[0].id)
        return list(Tree(one_file(reader, found)).elements)

    hostile = elements("<script>x</script>\"'&\u202e\x00\x1b[2J../../etc/passwd")
    assert hostile == elements("harmless")


def test_what_is_not_there_is_told(reader: Reader) -> None:
    with pytest.raises(NotFoundError):
        run_parts(reader, "nosuch")
    with pytest.raises(ParameterError):
        compare_parts(reader, ["first"])
