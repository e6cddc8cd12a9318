"""Models, datasets and searches."""

from __future__ import annotations

import pytest
from lineage_history import History

from mlops_pipeline.ui.views.models.catalogue import MODELS, read_datasets, read_models, search
from mlops_pipeline.ui.views.reader import Reader


def test_models_come_newest_first_with_their_verdicts(reader: Reader) -> None:
    found = read_models(reader)
    assert [(model.run, model.blessed) for model in found.models] == [
        ("second", True),
        ("first", True),
    ]
    assert not found.more


def test_a_long_list_of_models_is_cut() -> None:
    history = History()
    for number in range(MODELS + 1):
        history.make("Train", writes="Model", run=f"r{number}")
    found = read_models(Reader(history.store))
    assert (len(found.models), found.more) == (MODELS, True)


def test_a_dataset_has_its_versions(reader: Reader) -> None:
    (row,) = read_datasets(reader).datasets
    assert (row.name, row.count, row.versions[0].span) == ("paged.Gen.examples", 1, 3)


@pytest.mark.parametrize(
    ("query", "runs", "types"),
    [
        ("second", ["second"], []),
        ("paged", ["failing", "second", "first"], []),
        ("steps=9", ["second"], []),
        (" FIRST ", ["first"], []),
        ("ModelEvaluation", [], ["ModelEvaluation", "ModelEvaluation"]),
        ("", [], []),
        ("nothing like it", [], []),
    ],
)
def test_a_search_finds_runs_and_artifacts(
    reader: Reader, query: str, runs: list[str], types: list[str]
) -> None:
    found = search(reader, query)
    assert [run.id for run in found.runs] == runs
    assert [link.type for link in found.artifacts] == types


def test_a_search_finds_an_artifact_by_number_and_by_path(reader: Reader) -> None:
    model = reader.store.artifacts_by_type("Model")[0]
    for query in (str(model.id), f"#{model.id}", model.uri):
        assert [link.id for link in search(reader, query).artifacts] == [model.id]
