"""Versions of datasets, the models that were trained on them, and distances of distributions."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline import api
from mlops_pipeline.cli import call
from mlops_pipeline.errors import NotFoundError, PipelineError
from mlops_pipeline.inspection import (
    diff_versions,
    find_version,
    list_datasets,
    models_of,
    version_before,
)
from mlops_pipeline.inspection.feature_statistics import (
    Ranges,
    jensen_shannon,
    l_infinity,
    on_one_scale,
)
from mlops_pipeline.store import ArtifactRecord, Execution, MemoryStore, State


class Records:
    """A store that is filled execution by execution."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.count = 0

    def run(
        self,
        node: str,
        inputs: dict[str, int] | None = None,
        outputs: dict[str, str] | None = None,
        **properties: Any,
    ) -> Any:
        """Record a node; returns the ids of its outputs, or the only one."""
        self.count += 1
        digest = properties.pop("digest", f"d{self.count}")
        done = Execution(
            "c", "taxi", properties.pop("run_id", f"r{self.count}"), node, State.COMPLETE
        )
        written = {
            key: [
                ArtifactRecord(kind, f"/{self.count}/{key}", digest=digest, properties=properties)
            ]
            for key, kind in (outputs or {}).items()
        }
        read = {key: [number] for key, number in (inputs or {}).items()}
        _, stored = self.store.put_execution(done, inputs=read, outputs=written)
        ids = [records[0].id for records in stored.values()]
        return ids[0] if len(ids) == 1 else ids

    def examples(self, span: int = 0, **properties: Any) -> int:
        known = {"span": span, "split_names": '["train"]', "input_fingerprint": "f"}
        found: int = self.run("Gen", outputs={"examples": "Examples"}, **{**known, **properties})
        return found

    def train(self, examples: int, **inputs: int) -> int:
        read = {"examples": examples, **inputs}
        found: int = self.run("Trainer", read, {"model": "Model"})
        return found

    def reuse(self, artifact: int, key: str = "examples") -> None:
        """Record that a further run took an artifact from the cache."""
        self.count += 1
        cached = Execution("c", "taxi", f"r{self.count}", "Gen", State.CACHED)
        self.store.put_execution(cached, outputs={key: self.store.artifacts([artifact])})


@pytest.fixture
def records() -> Records:
    return Records()


def test_versions_of_a_dataset_are_its_different_contents(records: Records) -> None:
    first = records.examples(span=1, digest="a")
    second = records.examples(span=2, digest="b")
    again = records.examples(span=1, digest="a")
    records.reuse(second)
    found = list_datasets(records.store)
    assert [each.id for each in found] == [first, second]
    assert found[0].copies == (again,)
    assert found[0].dataset == "taxi.Gen.examples"
    assert (found[0].span, found[0].splits, found[0].fingerprint) == (1, ("train",), "f")
    assert (found[0].run, found[0].runs) == ("r1", ("r1", "r3"))
    assert found[1].runs == ("r2", "r4")
    assert found[0].rows is None


@pytest.mark.parametrize("name", ["taxi", "Gen", "examples", "taxi.Gen", "taxi.Gen.examples"])
def test_a_dataset_is_named_by_its_parts(records: Records, name: str) -> None:
    records.examples()
    records.run("Transform", outputs={"transformed_examples": "Examples"})
    assert "taxi.Gen.examples" in {each.dataset for each in list_datasets(records.store, name)}


def test_a_dataset_that_is_not_there_is_named(records: Records) -> None:
    with pytest.raises(NotFoundError, match="no dataset 'taxi'") as none:
        list_datasets(records.store, "taxi")
    assert "ExampleGen" in none.value.hint
    records.examples()
    with pytest.raises(NotFoundError, match=r"no dataset 'taxi\.Gen\.example'") as wrong:
        list_datasets(records.store, "taxi.Gen.example")
    assert wrong.value.hint == "did you mean 'taxi.Gen.examples'?"


def test_a_version_is_named_in_many_ways(records: Records) -> None:
    first = records.examples(span=1)
    second = records.examples(span=2, version=0)
    third = records.examples(span=2, version=1)
    copy = records.examples(span=2, version=1, digest="d3")
    named = {
        str(first): first,
        f"#{second}": second,
        str(copy): third,
        "taxi.Gen": third,
        "Gen@1": first,
        "Gen@2": third,
        "Gen@2.0": second,
        f"/{2}/examples": second,
        "r1/Gen/examples": first,
    }
    records.store.put_run(_run("r1"))
    assert {text: find_version(records.store, text).id for text in named} == named
    assert version_before(records.store, find_version(records.store, "Gen@2")).id == second
    with pytest.raises(NotFoundError, match=r"no version of taxi\.Gen\.examples before"):
        version_before(records.store, find_version(records.store, "Gen@1"))


def _run(run_id: str) -> Any:
    from mlops_pipeline.store import Run

    return Run(run_id, "taxi", State.COMPLETE)


def test_what_is_no_version_is_named(records: Records) -> None:
    model = records.train(records.examples(span=4))
    records.run("Transform", outputs={"transformed_examples": "Examples"})
    for text, message in (
        (str(model), f"{model} is no dataset, but Model {model}"),
        ("99", "there is no artifact '99'"),
        ("Gen@5", "taxi.Gen.examples has no version '5'"),
        ("taxi", "'taxi' means 2 datasets"),
        ("Gan", "there is no dataset 'Gan'"),
    ):
        with pytest.raises(PipelineError, match=message):
            find_version(records.store, text)


def test_models_are_those_that_were_trained_on_a_version(records: Records) -> None:
    mine, other = records.examples(span=1), records.examples(span=2)
    direct = records.train(mine)
    transformed = records.run("Transform", {"examples": mine}, {"transformed_examples": "Examples"})
    schema = records.run("SchemaGen", {"statistics": mine}, {"schema": "Schema"})
    below = records.train(transformed)
    # The schema comes from this version, but what the model has learnt does not.
    records.train(other, schema=schema)
    warm = records.train(other, base_model=direct)
    warmer = records.train(other, base_model=warm)
    found = models_of(records.store, find_version(records.store, str(mine)))
    assert [(each.id, each.through) for each in found] == [
        (warmer, warm),
        (warm, direct),
        (below, None),
        (direct, None),
    ]
    assert found[-1].node == "taxi.Trainer"
    assert models_of(records.store, find_version(records.store, str(transformed)))[0].id == below


def test_a_model_comes_with_its_verdict_and_where_it_was_pushed(records: Records) -> None:
    examples = records.examples()
    model = records.train(examples)
    version = find_version(records.store, str(examples))
    (before,) = models_of(records.store, version)
    assert (before.blessed, before.pushed) == (None, ())
    records.run(
        "Evaluator",
        {"model": model},
        {"blessing": "ModelBlessing"},
        blessed=1,
        current_model_id=model,
    )
    records.run(
        "Pusher", {"model": model}, {"pushed": "PushedModel"}, pushed=1, pushed_destination="/s/7"
    )
    (after,) = models_of(records.store, version)
    assert (after.blessed, after.pushed) == (True, ("/s/7",))


@pytest.mark.skipif(
    importlib.util.find_spec("tensorflow_metadata") is not None,
    reason="what is said where TensorFlow's packages are missing",
)
def test_without_statistics_a_difference_says_what_is_missing(records: Records) -> None:
    first, second = (find_version(records.store, str(records.examples(n))) for n in (1, 2))
    message = f"no statistics of taxi.Gen.examples #{first.id}"
    with pytest.raises(NotFoundError, match=message) as missing:
        diff_versions(records.store, first, second, _cannot)
    assert "pip install 'mlops-pipeline[tensorflow]'" in missing.value.hint
    records.run(
        "StatisticsGen", {"examples": first.id}, {"statistics": "ExampleStatistics"}, **ONE_SPLIT
    )
    with pytest.raises(NotFoundError, match="tensorflow-metadata is not installed"):
        diff_versions(records.store, first, second)


ONE_SPLIT = {"split_names": '["train"]'}


def test_the_same_bytes_need_no_statistics_to_be_the_same(records: Records) -> None:
    first = find_version(records.store, str(records.examples(digest="a")))
    taken = records.run("Import", outputs={"result": "Examples"}, digest="a")
    found = diff_versions(records.store, first, find_version(records.store, str(taken)), _cannot)
    assert found.same_content
    assert found.features == ()


def _cannot(artifact: Any, folder: Path) -> None:
    raise ImportError("no TensorFlow")


def test_examples_may_tell_their_rows_themselves(records: Records) -> None:
    records.examples(num_examples={"train": 7})
    assert list_datasets(records.store)[0].rows == {"train": 7}


def test_statistics_of_a_sample_do_not_count_rows(records: Records) -> None:
    examples = records.examples()
    records.run(
        "StatisticsGen",
        {"examples": examples},
        {"statistics": "ExampleStatistics"},
        **ONE_SPLIT,
        sample_rate_by_split={"train": 0.1},
    )
    assert list_datasets(records.store, limit=1)[0].rows is None


def test_distances_are_0_for_equal_and_1_for_disjoint_distributions() -> None:
    one, same, other = {"a": 1, "b": 3}, {"a": 10, "b": 30}, {"c": 5}
    assert l_infinity(one, same) == jensen_shannon(one, same) == 0
    assert jensen_shannon(one, other) == pytest.approx(1)
    assert l_infinity(one, other) == 1
    assert l_infinity(one, {"a": 3, "b": 1}) == 0.5
    assert l_infinity({}, {}) == jensen_shannon({}, {}) == 0


def test_numbers_are_compared_on_one_scale() -> None:
    wide = Ranges(((0.0, 10.0, 100.0),))
    narrow = Ranges(((0.0, 5.0, 50.0), (5.0, 10.0, 50.0)))
    assert jensen_shannon(*on_one_scale(wide, narrow)) == 0
    apart = Ranges(((20.0, 30.0, 7.0),))
    assert jensen_shannon(*on_one_scale(wide, apart)) == pytest.approx(1)
    constant = Ranges(((4.0, 4.0, 9.0),))
    assert jensen_shannon(*on_one_scale(constant, constant)) == 0


def test_the_api_and_the_command_tell_the_same(
    records: Records, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    examples = records.examples(span=3)
    model = records.train(examples)
    where = api.Where(records.store)
    assert [each.id for each in api.datasets("Gen", where=where)] == [examples]
    assert [each.id for each in api.models_of("Gen", where=where)] == [model]
    assert call(["data", "list", "--store", str(tmp_path / "none.db")]) == 2
    assert "nothing is recorded yet" in capsys.readouterr().err
    assert call(["data", "diff"]) == 2
    assert "VERSION" in capsys.readouterr().err


def test_the_group_lists_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["data", "--help"]) == 0
    shown = capsys.readouterr().out
    assert [word in shown for word in ("list", "diff", "models")] == [True] * 3
    assert json.dumps("DATASET@SPAN")[1:-1] in shown
