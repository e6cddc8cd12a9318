"""Datasets and their models in a store that TFX has written."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.inspection import find_version, list_datasets, models_of

pytestmark = pytest.mark.mlmd

STORES = Path(__file__).parent / "tfx_stores"


@pytest.mark.parametrize("layout", ["portable", "legacy"])
def test_datasets_and_models_of_tfx_are_found(tmp_path: Path, layout: str) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "tfx.db")) as database:
        database.executescript((STORES / f"{layout}.sql").read_text())
    store = open_sqlite(f"sqlite:///{tmp_path / 'tfx.db'}")
    try:
        names = [version.dataset for version in list_datasets(store)]
        version = find_version(store, "CsvExampleGen")
        models = models_of(store, version)
    finally:
        store.close()
    assert names == ["penguin.Transform.transformed_examples", "penguin.CsvExampleGen.examples"]
    assert (version.span, version.rows) == (0, None)
    assert version.fingerprint
    assert [(model.node, model.blessed, bool(model.pushed)) for model in models] == [
        ("penguin.Trainer", True, True)
    ]
