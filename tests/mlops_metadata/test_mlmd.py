from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from store_contract import StoreContract

from mlops_metadata.mlmd import MlmdStore, open_sqlite

pytestmark = pytest.mark.mlmd


class TestMlmdStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[MlmdStore]:
        opened = open_sqlite(f"sqlite:///{tmp_path}/metadata.db")
        yield opened
        opened.close()
