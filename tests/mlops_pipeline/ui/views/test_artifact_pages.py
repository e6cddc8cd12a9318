"""The pages of an artifact and of a file."""

from __future__ import annotations

import pytest
from lineage_history import History

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.store import State
from mlops_pipeline.ui.views.artifact_pages import (
    MOST_LINKS,
    find_artifact,
    kind_of,
    read_artifact_page,
    read_file_page,
)
from mlops_pipeline.ui.views.reader import Reader


def test_an_artifact_names_its_maker_and_its_readers() -> None:
    history = History()
    data = history.make("Gen", writes="Examples")
    history.add("Gen", hands_on=[data], run="r2", state=State.CACHED)
    for number in range(MOST_LINKS + 10):
        history.add("Train", reads=[data], run=f"t{number}")
    found = read_artifact_page(Reader(history.store), str(data))
    assert found.made_by
    assert (found.made_by.run, found.made_by.node, found.reused_by) == ("r1", "Gen", 1)
    assert (len(found.read_by), found.readers) == (MOST_LINKS, MOST_LINKS + 10)
    assert found.read_by[0].run == f"t{MOST_LINKS + 9}"


def test_an_artifact_that_only_a_failed_node_wrote_names_it() -> None:
    history = History()
    _, (data,) = history.add("Gen", writes="Examples", state=State.FAILED)
    found = read_artifact_page(Reader(history.store), f"#{data}")
    assert found.made_by
    assert found.made_by.state == "FAILED"


@pytest.mark.parametrize("number", ["0", "x", "", "-1", "1.0", "9" * 30, "\u0661", "1; drop"])
def test_what_is_no_number_of_an_artifact_is_told(number: str) -> None:
    with pytest.raises(NotFoundError, match="there is no artifact"):
        find_artifact(History().store, number)


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.txt", b"text", "text"),
        ("a", "é".encode(), "text"),
        ("a", b"\xff", "bytes"),
        ("a", b"a\0b", "bytes"),
        ("a.PNG", b"x", "image"),
        ("a.html", b"x", "page"),
        ("a.svg", b"x", "page"),
    ],
)
def test_a_file_has_a_kind(name: str, data: bytes, kind: str) -> None:
    assert kind_of(name, data) == kind


def test_a_character_that_was_cut_does_not_make_a_text_bytes() -> None:
    assert kind_of("a", ("é" * 40_000).encode()[:65_537]) == "text"


def test_a_page_of_a_file_shows_its_text(reader: Reader) -> None:
    model = reader.store.artifacts_by_type("Model")[0].id
    found = read_file_page(reader, str(model), "weights")
    assert (found.kind, set(found.text), found.whole) == ("text", {"w"}, True)
