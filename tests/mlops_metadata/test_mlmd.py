from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("ml_metadata")
pytest.register_assert_rewrite("store_contract")

from store_contract import StoreContract  # noqa: E402

from mlops_metadata.mlmd import MlmdStore, open_sqlite  # noqa: E402

pytestmark = pytest.mark.mlmd


class TestMlmdStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[MlmdStore]:
        opened = open_sqlite(f"sqlite:///{tmp_path}/metadata.db")
        yield opened
        opened.close()
