"""Pages that a notebook shows."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from page_runs import Tree, paged

from mlops_pipeline.api import Where, run
from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.ui import show_page


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("notebook")
    place = {"store": f"sqlite:///{folder}/m.db", "root": str(folder / "root")}
    for run_id, steps in (("first", 7), ("second", 9)):
        run(paged, {"steps": steps}, run_id=run_id, where=Where(**place), in_process=True)
    return place


def test_a_card_is_plain_html(store: dict[str, str]) -> None:
    card = show_page("run?id=first", **store)
    tree = Tree(card._repr_html_())
    assert "Run first" in tree.text
    assert "Evaluate" in tree.text
    assert {"script", "style", "iframe", "form"}.isdisjoint(tag for tag, _ in tree.elements)
    assert [link for link in tree.links if not link.startswith("#card-")] == []


@pytest.mark.parametrize(
    ("address", "says"),
    [("run?id=first", "Node Train"), ("compare?a=first&b=second", "steps"), ("models", "Models")],
)
def test_a_frame_holds_all_it_needs(store: dict[str, str], address: str, says: str) -> None:
    frame = show_page(address, **store).interactive(height=300)._repr_html_()
    assert frame.startswith('<iframe sandbox title="mlops"')
    assert "height:300px" in frame
    (inner,) = re.findall(r'srcdoc="([^"]*)"', frame)
    assert says in Tree(html.unescape(inner)).text
    assert Tree(frame).links == []


def test_mistakes_are_told_at_once(store: dict[str, str], tmp_path: Path) -> None:
    for address in ("nosuch", "run?id=nosuch"):
        with pytest.raises(NotFoundError):
            show_page(address, **store)
    with pytest.raises(ParameterError):
        show_page("run", **store)
    with pytest.raises(NotFoundError, match="nothing is recorded"):
        show_page("runs", store=f"sqlite:///{tmp_path}/none.db")
    assert not (tmp_path / "none.db").exists()
