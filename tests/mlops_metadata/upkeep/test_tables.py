from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from mlops_metadata.upkeep.tables import open_tables
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import Run, open_store


def test_a_file_is_opened_for_reading_only_unless_it_is_to_be_written(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/metadata.db"
    open_store(url).close()
    with closing(open_tables(url)) as store, pytest.raises(StoreError, match="for reading only"):
        store.put_run(Run("r", "p"))
    with closing(open_tables(url, read_only=False)) as store:
        store.put_run(Run("r", "p"))


def test_a_store_without_tables_is_refused() -> None:
    with pytest.raises(StoreError, match="cannot be reached from here") as error:
        open_tables("memory://")
    assert "the database behind it" in error.value.hint
