from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.inspection import (
    Wanted,
    parse_condition,
    search_artifacts,
    search_bytes,
    search_runs,
)
from mlops_pipeline.roots import digest_path
from mlops_pipeline.store import (
    NOTE,
    TAG_ADDED,
    ArtifactRecord,
    Execution,
    MemoryStore,
    Run,
    State,
    all_marks,
    artifact_target,
    put_mark,
    run_target,
)


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("rate = 0.1", 0.1, True),
        ("rate == 0.10", 0.1, True),
        ("rate>=0.1", 1, True),
        ("rate<0.1", 0.1, False),
        ("rate != 0.1", 0.2, True),
        ("rate > 0.1", "a text", False),
        ("rate > 0.1", float("nan"), False),
        ("rate = 1", True, False),
        ("flag = true", True, True),
        ("name = Penguin", "penguin", True),
        ("name ~ ENG", "penguin", True),
        ("name != x", None, True),
        ("name = x", None, False),
        ("name < 3", None, False),
        ("list = 3", [1, 3], True),
        ("list != 3", [1, 3], False),
        ("rate = nan", 1.0, False),
        ("rate = 1e999", 1.0, False),
        ("text = a = b", "a = b", True),
    ],
)
def test_a_condition_holds_for_numbers_texts_and_lists(text: str, value: Any, holds: bool) -> None:
    assert parse_condition(text).holds(value) is holds


@pytest.mark.parametrize("text", ["", "rate", "= 3", "a b = 3", "rate ! 3"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="is no condition"):
        parse_condition(text)


def found(store: MemoryStore, *conditions: str, **more: Any) -> list[str]:
    asked: list[str] = []

    def metrics(run: Run) -> dict[str, Any]:
        asked.append(run.id)
        return {"auc": [0.5, 0.9] if run.id == "b" else [0.1]}

    wanted = Wanted(tuple(map(parse_condition, conditions)), **more)
    return [run.id for run in search_runs(store, wanted, all_marks(store), metrics)]


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    for number, name in enumerate("abc"):
        parameters = {"rate": number / 10, "seconds": "own"}
        started = 100.0 * number
        made.put_run(Run(name, "p", State.COMPLETE, "", parameters, "", started, started + 5))
    put_mark(made, run_target("a"), TAG_ADDED, "good")
    put_mark(made, run_target("a"), NOTE, "For the Paper")
    return made


def test_runs_are_found_by_facts_parameters_metrics_and_marks(store: MemoryStore) -> None:
    assert found(store) == ["c", "b", "a"]
    assert found(store, "rate >= 0.1") == ["c", "b"]
    assert found(store, "rate >= 0.1", "auc > 0.8") == ["b"]
    assert found(store, "metric.auc < 0.2") == ["c", "a"]
    assert found(store, "seconds = 5", "parameter.seconds = own") == ["c", "b", "a"]
    assert found(store, "state = complete", "pipeline = other") == []
    assert found(store, tags=("good",)) == ["a"]
    assert found(store, tags=("good", "other")) == []
    assert found(store, note="paper") == ["a"]
    assert found(store, since=50.0) == ["c", "b"]


def test_artifacts_are_found_by_their_properties_and_marks() -> None:
    made = MemoryStore()
    execution = Execution("c", "p", "r", "n", State.COMPLETE)
    records = [ArtifactRecord("Examples", f"/e/{n}", properties={"span": n}) for n in range(3)]
    made.put_execution(execution, outputs={"o": records})
    put_mark(made, artifact_target(3), TAG_ADDED, "good")

    def uris(*conditions: str, **more: Any) -> list[str]:
        wanted = Wanted(tuple(map(parse_condition, conditions)), **more)
        return [r.uri for r in search_artifacts(made, "Examples", wanted, all_marks(made))]

    assert uris("span >= 1") == ["/e/2", "/e/1"]
    assert len(uris("state = live")) == 3
    assert uris("other = 1") == []
    assert len(uris(tags=("good",))) == 1


def test_bytes_lead_to_what_made_them(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "weights").write_text("w" * 50)
    (tmp_path / "copy").mkdir()
    made = MemoryStore()
    record = ArtifactRecord("Model", str(folder), digest=digest_path(folder))
    others = [ArtifactRecord("Model", "s3://b/x"), ArtifactRecord("Model", "/gone")]
    execution = Execution("c", "p", "r1", "Train", State.COMPLETE)
    made.put_execution(execution, outputs={"model": [record, *others]})
    copy = tmp_path / "copy" / "weights"
    copy.write_text("w" * 50)
    (same,) = search_bytes(made, folder)
    assert (same.artifact.uri, same.inside, same.run, same.node) == (str(folder), "", "r1", "Train")
    (inner,) = search_bytes(made, copy)
    assert inner.inside == "sub/weights"
    copy.write_text("v" * 50)
    assert search_bytes(made, copy) == []
    with pytest.raises(NotFoundError):
        search_bytes(made, tmp_path / "nothing")
