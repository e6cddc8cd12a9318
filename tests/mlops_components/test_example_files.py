"""What makes an ExampleGen run again: the files of the span that it reads, and nothing else."""

import os
from pathlib import Path
from typing import Any

import pytest

from mlops_components import (
    CsvExampleGen,
    InputConfig,
    InputSplit,
    RangeConfig,
    RollingRange,
    StaticRange,
)
from mlops_pipeline import When, api, pipeline
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.store import MemoryStore

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


PATTERN = InputConfig([InputSplit("all", "day{SPAN}/v{VERSION}/*.csv")])


ROWS = "id,day\n" + "".join(f"{number},{{day}}\n" for number in range(30))


@pipeline
def newest(data: Path) -> None:
    """The newest span."""
    CsvExampleGen(input_base=data, input_config=PATTERN)


@pipeline
def rolling(data: Path) -> None:
    """The newest span, said otherwise."""
    config = RangeConfig(rolling_range=RollingRange(1))
    CsvExampleGen(input_base=data, input_config=PATTERN, range_config=config)


@pipeline
def chosen(data: Path, span: int) -> None:
    """The span that the run names."""
    CsvExampleGen(input_base=data, input_config=PATTERN, span=span)


@pipeline
def ranged(data: Path, span: int) -> None:
    """The span that the run names, as TFX has it."""
    config = RangeConfig(static_range=StaticRange(span, span))
    CsvExampleGen(input_base=data, input_config=PATTERN, range_config=config)


@pipeline
def conditional(data: Path, wanted: bool) -> None:
    """Data that need not be there."""
    with When(wanted == True):  # noqa: E712 - a value of the run
        CsvExampleGen(input_base=data, input_config=PATTERN)


class Runs:
    """Runs over one folder and one store."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.where = api.Where(MemoryStore(), folder / "artifacts")

    def write(self, span: int, version: int, text: str = "", name: str = "a.csv") -> Path:
        path = self.data / f"day{span}" / f"v{version}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or ROWS.format(day=span))
        return path

    def run(self, written: Any, **parameters: Any) -> PipelineRun:
        given = {"data": str(self.data), **parameters}
        return api.run(written, given, where=self.where, check=False, in_process=True)

    def state(self, written: Any, **parameters: Any) -> tuple[str, Any]:
        node = self.run(written, **parameters).check()["CsvExampleGen"]
        return node.decision, node.artifact("examples").properties["span"]


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    made = Runs(tmp_path)
    made.write(1, 1)
    made.write(2, 1)
    return made


def test_a_new_span_or_version_runs_and_other_files_do_not(runs: Runs) -> None:
    assert runs.state(newest) == ("run", 2)
    assert runs.state(newest) == ("cached", 2)
    runs.write(1, 1, name="late.csv")
    (runs.data / "README").write_text("notes")
    os.utime(runs.data / "day2" / "v1" / "a.csv", (0, 0))
    assert runs.state(newest) == ("cached", 2)
    runs.write(2, 2, ROWS.format(day=22))
    assert runs.state(newest) == ("run", 2)
    runs.write(3, 1)
    assert runs.state(newest) == ("run", 3)
    runs.write(3, 1, ROWS.format(day=33))
    assert runs.state(newest) == ("run", 3)


def test_however_a_span_is_named_its_result_is_the_same(runs: Runs) -> None:
    assert runs.state(newest) == ("run", 2)
    assert runs.state(rolling) == ("cached", 2)
    assert runs.state(chosen, span=2) == ("cached", 2)
    assert runs.state(ranged, span=2) == ("cached", 2)
    assert runs.state(ranged, span=1) == ("run", 1)
    assert runs.state(chosen, span=1) == ("cached", 1)


def test_span_version_and_fingerprint_are_recorded(runs: Runs) -> None:
    runs.write(2, 7)
    node = runs.run(newest).check()["CsvExampleGen"]
    properties = node.artifact("examples").properties
    assert (properties["span"], properties["version"]) == (2, 7)
    assert str(properties["input_fingerprint"]).startswith("split:all,num_files:1,total_bytes:")
    assert node.execution.parameters["span"] == 2


def test_a_missing_span_fails_the_run_and_names_those_that_are_there(runs: Runs) -> None:
    done = runs.run(chosen, span=9)
    error = done["CsvExampleGen"].execution.error
    assert "there is no span 9" in error
    assert "the spans are 1, 2" in error


def test_a_node_that_is_skipped_needs_no_files(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    assert runs.run(conditional, wanted=False).check()["CsvExampleGen"].decision == "skipped"
    assert "does not exist" in runs.run(conditional, wanted=True)["CsvExampleGen"].execution.error


def test_a_failed_node_leaves_no_artifact(runs: Runs) -> None:
    runs.write(3, 1, "id,day\n1\n")
    done = runs.run(newest)
    assert "a.csv:2: 1 values where the header names 2" in done["CsvExampleGen"].execution.error
    assert done["CsvExampleGen"].outputs == {}
    assert list((runs.data.parent / "artifacts").rglob("Split-*")) == []
