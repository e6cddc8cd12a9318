"""`mlops business`: metrics are defined, events recorded, lifts shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cli_project import Mlops
from rollouts import with_served

from mlops_pipeline.store import MetadataStore, open_store


@pytest.fixture
def store(mlops: Mlops) -> MetadataStore:
    mlops("run", ".")
    store = open_store(os.environ["MLOPS_STORE"])
    with_served(store)
    return store


@pytest.mark.ml  # Parquet.
def test_a_metric_is_defined_and_its_events_are_recorded(
    mlops: Mlops, store: MetadataStore, tmp_path: Path
) -> None:
    assert "no business metrics yet" in mlops("business", "list", "fraud").out
    done = mlops("business", "define", "fraud", "bought", "--window", "12h", "--unit", "EUR")
    assert "bought is a conversion within 12h" in done.out
    assert "0.5 d" in mlops("business", "list", "fraud").out
    log = ("--log", str(tmp_path / "log"))
    assert mlops("business", "record", "fraud", "bought", "--key", "ann", *log).code == 0
    (tmp_path / "e.csv").write_text("key,at\nann,2026-05-03\nbob,2026-05-03\n")
    told = mlops("business", "import", "fraud", "e.csv", "--metric", "bought", *log, "--json")
    assert told.data == {"recorded": 2}
    mlops("business", "import", "fraud", "e.csv", "--metric", "bought", *log)
    shown = mlops("business", "report", "fraud", *log).out
    assert "bought: no data" in shown
    assert "other things may have changed" in shown
    exposed = mlops("business", "exposure", "fraud", "v2", *log, "--key", "ann", "--json").data
    assert (exposed["version"], exposed["keys"], exposed["first"]) == (2, 0, None)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["define", "nobody", "bought"], "nobody"),
        (["define", "fraud", "a b"], "no name of a metric"),
        (["define", "fraud", "x", "--window", "soon"], "no time"),
        (["define", "fraud", "x", "--kind", "mean"], "of the kind 'mean'"),
        (["record", "fraud", "bougt", "--key", "ann"], "no business metric 'bougt'"),
        (["import", "fraud", "none.csv"], "no file none.csv"),
        (["import", "fraud", "other.csv"], "of 'asked', which fraud does not have"),
        (["import", "fraud", "empty.csv"], "has no events"),
        (["report", "fraud"], "no request log at serving/log"),
        (["exposure", "fraud", "1", "--log", "empty.csv"], "no request log at empty.csv"),
    ],
)
def test_mistakes_are_told(
    mlops: Mlops, store: MetadataStore, tmp_path: Path, words: list[str], told: str
) -> None:
    (tmp_path / "other.csv").write_text("key,at,metric\nann,1,asked\n")
    (tmp_path / "empty.csv").write_text("key,at,metric\n")
    done = mlops("business", *words)
    assert (done.code, told in done.err) == (2, True), done.err
