from __future__ import annotations

import pytest

from mlops_pipeline.store import MemoryStore

pytest.register_assert_rewrite("store_contract")

from store_contract import StoreContract  # noqa: E402


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()
