"""The page of what was reused."""

from __future__ import annotations

from pathlib import Path

import pytest
from model_runs import read_judged_runs
from page_runs import hostile_reader, page

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.store import ArtifactRecord, MemoryStore
from mlops_pipeline.ui.views import Reader
from mlops_pipeline.ui.views.models.reuse_page import first_file


def test_real_runs_have_a_ledger_and_their_earlier_state(tmp_path: Path) -> None:
    found = page(read_judged_runs(tmp_path), "reuse?pipeline=judged&days=1")
    nodes = {each.node: (each.ran, each.reused) for each in found.ledger.nodes}
    assert (nodes["Gen"], nodes["Train"]) == ((1, 1), (2, 0))
    causes = {(each.node, each.cause) for each in found.ledger.misses}
    assert ("Train", "parameter steps") in causes
    (carried,) = found.carried
    assert (carried.kind, carried.maker, carried.depth) == ("warm start", "one", 1)
    assert page(Reader(MemoryStore()), "reuse").ledger.runs == 0


def test_the_first_file_that_differs_is_named(tmp_path: Path) -> None:
    for name, texts in (("a", ("1", "2")), ("b", ("1", "3"))):
        (tmp_path / name).mkdir()
        for file, text in zip(("same", "other"), texts, strict=True):
            (tmp_path / name / file).write_text(text)
    reader = Reader(MemoryStore(), roots=(str(tmp_path),))
    one, other = (ArtifactRecord("Model", str(tmp_path / name)) for name in ("a", "b"))
    assert first_file(reader, one, other) == "other"
    (tmp_path / "b" / "more").write_text("")
    (tmp_path / "b" / "other").write_text("2")
    assert first_file(reader, one, other) == "more is not in both"
    assert first_file(reader, one, one).startswith("not known")
    gone = ArtifactRecord("Model", str(tmp_path / "gone"))
    assert first_file(reader, one, gone) == "not known: the files are gone"


@pytest.mark.parametrize("days", ["x", "nan", "0", "-1", "1e9"])
def test_days_that_are_none_are_told(days: str) -> None:
    with pytest.raises(ParameterError, match="days is"):
        page(Reader(MemoryStore()), f"reuse?days={days}")


def test_hostile_records_are_shown_as_any(tmp_path: Path) -> None:
    assert page(hostile_reader(tmp_path), "reuse?days=36500")
