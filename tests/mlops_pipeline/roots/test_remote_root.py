"""Artifact roots that need no server: a folder of this machine, and fsspec's own memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("root_contract")

from root_contract import RemoteContract  # noqa: E402

from mlops_pipeline.roots.object_store import remove  # noqa: E402


class TestMemoryRoot(RemoteContract):
    @pytest.fixture
    def root(self) -> Iterator[str]:
        yield "memory://bucket/team"
        remove("memory://bucket")
