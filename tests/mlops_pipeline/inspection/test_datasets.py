"""Versions of datasets, the models that were trained on them, and distances of distributions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dataset_records import Records

from mlops_pipeline import api
from mlops_pipeline.cli import call
from mlops_pipeline.errors import NotFoundError, PipelineError
from mlops_pipeline.inspection import (
    find_version,
    list_datasets,
    models_of,
    version_before,
)
from mlops_pipeline.store import State


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
