"""A day of a request log as a span: the components that there are work on live data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from logged_requests import DAY, NOON, record, written

from mlops_components import RequestLogExampleGen, StatisticsGen, loaders
from mlops_pipeline import MemoryStore, pipeline, run
from mlops_pipeline.api import Where
from mlops_pipeline.errors import PipelineError
from mlops_pipeline.request_log import LogPolicy
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

KEEP = LogPolicy({"age": "keep", "city": "keep"})


def log_day(folder: Path, day: int, ages: list[Any], **more: Any) -> None:
    requests = [
        record(NOON + day * DAY + n, {"age": [age], "city": [b"vienna"]}, key=f"u{n}", **more)
        for n, age in enumerate(ages)
    ]
    written(folder, *requests, policy=KEEP)


def frame(made: Any) -> Any:
    return loaders.load_examples(made.outputs["examples"])


def test_the_newest_day_is_the_span_and_features_have_their_names(tmp_path: Path) -> None:
    log_day(tmp_path, 0, [1, 2])
    log_day(tmp_path, 1, [31, 32.5, None])
    log_day(tmp_path, 1, [99], status="raised")
    log_day(tmp_path, 1, [98], shadow=True)
    made = run_component(RequestLogExampleGen, input_base=tmp_path / "taxi")
    found = frame(made)
    assert set(found.columns) - {"split"} == {"age", "city"}
    assert sorted(found["age"].dropna()) == [31, 32.5]
    assert len(found) == 3
    properties = made.outputs["examples"].properties
    assert properties["span"] == int((NOON + DAY) // DAY)
    assert properties["num_examples"] == {"live": 3}
    earlier = run_component(
        RequestLogExampleGen, input_base=tmp_path / "taxi", span=int(NOON // DAY)
    )
    assert sorted(frame(earlier)["age"]) == [1, 2]


def test_answers_may_be_kept(tmp_path: Path) -> None:
    log_day(tmp_path, 0, [1], outputs={"score": [0.25]})
    made = run_component(RequestLogExampleGen, input_base=tmp_path / "taxi", keep_outputs=True)
    assert list(frame(made)["out.score"]) == [0.25]


def test_a_log_without_features_and_a_day_without_answers_are_errors(tmp_path: Path) -> None:
    written(tmp_path, record(NOON))
    with pytest.raises(PipelineError, match="keeps no features"):
        run_component(RequestLogExampleGen, input_base=tmp_path / "taxi")
    log_day(tmp_path / "other", 0, [1], status="raised")
    with pytest.raises(PipelineError, match="got no rows"):
        run_component(RequestLogExampleGen, input_base=tmp_path / "other" / "taxi")


def test_statistics_of_live_data_are_made_again_only_when_the_day_has_grown(
    tmp_path: Path,
) -> None:
    @pipeline
    def live(log: Path) -> None:
        examples = RequestLogExampleGen(input_base=log).outputs["examples"]
        StatisticsGen(examples=examples)

    log_day(tmp_path, 0, [1, 2, 3])
    where = Where(MemoryStore(), tmp_path / "root")

    def states() -> list[str]:
        done = run(live, {"log": tmp_path / "taxi"}, where=where, in_process=True)
        return [str(node.state) for node in done]

    assert states() == ["COMPLETE", "COMPLETE"]
    assert states() == ["CACHED", "CACHED"]
    log_day(tmp_path, 0, [4])
    assert states() == ["COMPLETE", "COMPLETE"]
