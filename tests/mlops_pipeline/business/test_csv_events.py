"""Events in CSV files: what is read, and which line is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_pipeline.business import NewEvent, read_csv_events
from mlops_pipeline.errors import PipelineError


def test_events_are_read_with_their_times(tmp_path: Path) -> None:
    text = "\ufeffkey,at,metric,value,id\nann,2026-05-03T14:30:00Z,bought,9.5,o-1\n"
    text += '"bo,b",1777818600,asked,,\n'
    (tmp_path / "e.csv").write_text(text, encoding="utf-8")
    assert list(read_csv_events(tmp_path / "e.csv")) == [
        NewEvent("bought", "ann", 1777818600.0, 9.5, "o-1"),
        NewEvent("asked", "bo,b", 1777818600.0, 1.0),
    ]


def test_a_metric_may_be_said_for_all(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("at,key\n2026-05-03,ann\n")
    (event,) = read_csv_events(tmp_path / "e.csv", "bought")
    assert (event.metric, event.at) == ("bought", 1777766400.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has the columns none"),
        ("key;at;metric\nann;1;b\n", "key;at;metric"),
        ("key,at\nann,1\n", "has the columns key, at"),
        ("key,key,at,metric\na,a,1,b\n", "key, key"),
        ("key,at,metric\nann,1\n", "line 2 has another number of cells"),
        ("key,at,metric\nann,1,b,c\n", "line 2 has another number of cells"),
        ("key,at,metric\nann,soon,b\n", "line 2: the time is 'soon'"),
        ("key,at,metric,value\nann,1,b,much\n", "line 2: the value is 'much'"),
        ('key,at,metric\n"ann,1,b\n', "no CSV in UTF-8"),
        ("key,at,metric\n\udcff,1,b\n", "no CSV in UTF-8"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "e.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(PipelineError) as caught:
        list(read_csv_events(tmp_path / "e.csv"))
    assert told in caught.value.message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"e\.csv"):
        list(read_csv_events(tmp_path / "e.csv"))
