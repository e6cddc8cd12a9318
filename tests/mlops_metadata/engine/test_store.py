from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from registered_models import RegisteredModelsContract
from store_contract import SharedStoreContract

from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.store import MetadataStore


class TestSqlStore(SharedStoreContract):
    one_writer = True

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/metadata.db"

    @pytest.fixture
    def store(self, url: str) -> Iterator[MetadataStore]:
        opened = open_sqlite(url)
        yield opened
        opened.close()


class TestRegisteredModels(RegisteredModelsContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[MetadataStore]:
        self._url = f"sqlite:///{tmp_path}/metadata.db"
        opened = open_sqlite(self._url)
        yield opened
        opened.close()

    def again(self, store: MetadataStore) -> MetadataStore:
        return open_sqlite(self._url)
