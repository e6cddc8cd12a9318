"""`mlops data` on a store that real runs have filled: two spans of generated rows."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_components import loaders
from mlops_pipeline import api
from mlops_pipeline.cli import call
from mlops_pipeline.inspection import diff_versions, find_version, list_datasets, version_before
from mlops_pipeline.store import MetadataStore, State, open_store

pytestmark = [pytest.mark.ml, pytest.mark.mlmd, pytest.mark.filterwarnings("ignore")]

PIPELINE = """
from pathlib import Path

from mlops_components import CsvExampleGen, ExampleValidator, ImportSchemaGen, StatisticsGen
from mlops_pipeline import Examples, Input, Model, Output, component, latest, pipeline
from mlops_pipeline.artifacts import ExampleStatistics


@component
def Train(examples: Input[Examples], model: Output[Model]) -> None:
    (model.path / "model").write_text(str(sorted(examples.splits)))


@pipeline
def fleet(data: Path = Path("data"), describe: bool = True, action: str = "skip"):
    gen = CsvExampleGen(input_base=data)
    stats = StatisticsGen(examples=gen.outputs["examples"])
    schema = ImportSchemaGen(schema_file=Path("schema.pbtxt"))
    check = ExampleValidator(
        statistics=stats.outputs["statistics"],
        schema=schema.outputs["schema"],
        previous_statistics=latest(ExampleStatistics, other_than=stats.outputs["statistics"]),
        severity={"COMPARATOR_L_INFTY_HIGH": action, "SCHEMA_NEW_COLUMN": "warn"},
    )
    Train.options(after=[check])(examples=gen.outputs["examples"])
"""

SCHEMA = """
feature { name: "fare" type: FLOAT }
feature { name: "pay" type: BYTES drift_comparator { infinity_norm { threshold: 0.3 } } }
feature { name: "old" type: INT }
"""


def csv(path: Path, count: int, mean: float, card: float, new: bool) -> None:
    chance = random.Random(7)
    lines = ["fare,pay,new" if new else "fare,pay,old"]
    for index in range(count):
        pay = "card" if chance.random() < card else "cash"
        lines.append(f"{chance.gauss(mean, 1):.3f},{pay},{index % 5}")
    path.mkdir(parents=True, exist_ok=True)
    (path / "rows.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fleet")
    (folder / "pipeline.py").write_text(PIPELINE)
    (folder / "schema.pbtxt").write_text(SCHEMA)
    csv(folder / "first", 300, 10, 0.2, new=False)
    csv(folder / "second", 390, 13, 0.8, new=True)
    for name in ("first", "second"):
        result = api.run(
            folder,
            {"data": str(folder / name)},
            run_id=name,
            where=api.Where(f"sqlite:///{folder / 'metadata.db'}", folder / "root"),
            in_process=True,
        )
        assert result.state is State.COMPLETE
    return folder


@pytest.fixture
def store(place: Path) -> Any:
    opened = open_store(f"sqlite:///{place / 'metadata.db'}")
    yield opened
    opened.close()


@pytest.fixture
def command(place: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    def run(*arguments: str) -> Any:
        url = f"sqlite:///{place / 'metadata.db'}"
        assert call(["data", *arguments, "--store", url, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def test_drift_between_two_runs_keeps_the_model_from_being_trained(store: MetadataStore) -> None:
    states = {e.node_id: e for e in store.executions_of_run("second")}
    assert states["Train"].state is State.SKIPPED
    assert "the gate of ExampleValidator is closed: split train: pay: The Linfty distance" in (
        states["Train"].reason
    )
    findings = states["ExampleValidator"].properties["gate"]["findings"]
    assert {(each["action"], each["reason"].split(":")[1].strip()) for each in findings} == {
        ("skip", "pay"),
        ("warn", "new"),
    }
    (trained,) = [e for e in store.executions_of_run("first") if e.node_id == "Train"]
    assert trained.state is State.COMPLETE


def test_versions_are_listed_with_their_rows(command: Callable[..., Any]) -> None:
    newest, oldest = command("list", "fleet.CsvExampleGen.examples")
    assert (newest["run"], oldest["run"]) == ("second", "first")
    assert sum(newest["rows"].values()) == 390
    assert sum(oldest["rows"].values()) == 300
    assert newest["columns"] == 3
    assert newest["digest"] != oldest["digest"]


def test_a_difference_tells_rows_columns_and_statistics(
    command: Callable[..., Any], capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    found = command("diff", "CsvExampleGen")
    assert (found["added"], found["removed"], found["types"]) == (["new"], ["old"], {})
    assert sum(after - before for before, after in found["rows"].values()) == 90
    train = {each["name"]: each for each in found["features"] if each["split"] == "train"}
    assert train["fare"]["change"] == "values"
    assert train["fare"]["after"]["mean"] - train["fare"]["before"]["mean"] == pytest.approx(3, 0.1)
    assert train["pay"]["l_infinity"] == pytest.approx(0.6, abs=0.1)
    assert train["pay"]["before"]["top"][0][0] == "cash"
    assert train["new"]["before"] is None
    assert call(["data", "diff", "CsvExampleGen", "--store", f"{place / 'metadata.db'}"]) == 0
    shown = capsys.readouterr().out
    assert "columns, added: new" in shown
    assert "removed INT" in shown


def test_distances_are_those_of_tfdv(store: MetadataStore) -> None:
    import tensorflow_data_validation as tfdv

    after = list_datasets(store, "CsvExampleGen")[0]
    before = version_before(store, after)
    found = {
        each.name: each
        for each in diff_versions(store, before, after).features
        if each.split == "train"
    }
    one, other = (
        tfdv.load_stats_binary(str(next(Path(uri).glob("Split-train/FeatureStats.pb"))))
        for uri in _statistics(store)
    )
    schema = tfdv.infer_schema(one)
    for name in ("fare", "pay"):
        comparator = tfdv.get_feature(schema, name).drift_comparator
        comparator.jensen_shannon_divergence.threshold = 0.01
    measured = {
        each.path.step[0]: each.drift_measurements[0].value
        for each in tfdv.validate_statistics(other, schema, previous_statistics=one).drift_skew_info
    }
    assert found["pay"].jensen_shannon == pytest.approx(measured["pay"], abs=1e-6)
    assert found["fare"].jensen_shannon == pytest.approx(measured["fare"], abs=0.02)


def _statistics(store: MetadataStore) -> list[str]:
    return [each.uri for each in store.artifacts_by_type("ExampleStatistics")][::-1]


def test_statistics_that_are_not_stored_are_made_from_the_files(
    place: Path, store: MetadataStore
) -> None:
    new, old = list_datasets(store, "CsvExampleGen")
    stored = diff_versions(store, old, new)

    class Forgetful:
        """The store, without what StatisticsGen wrote."""

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def events_by_artifact(self, ids: Any) -> Any:
            return []

    made = diff_versions(Forgetful(), old, new, loaders.describe_examples)  # type: ignore[arg-type]
    assert made.rows == stored.rows
    assert [each.l_infinity for each in made.features] == [e.l_infinity for e in stored.features]


def test_models_of_a_version_are_listed(
    command: Callable[..., Any], capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    new, old = command("list", "CsvExampleGen")
    assert command("models", str(new["id"])) == []
    (model,) = command("models", str(old["id"]))
    assert (model["node"], model["run"], model["blessed"]) == ("fleet.Train", "first", None)
    assert call(["data", "models", str(model["id"]), "--store", f"{place / 'metadata.db'}"]) == 2
    assert f"{model['id']} is no dataset, but Model" in capsys.readouterr().err


def test_both_spans_can_be_named(store: MetadataStore) -> None:
    assert find_version(store, "second/CsvExampleGen/examples").run == "second"
