"""Artifact roots that need no server: a folder of this machine, and fsspec's own memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("root_contract")

from root_contract import RemoteContract, RootContract  # noqa: E402

from mlops_pipeline.objects import remove  # noqa: E402


class TestLocalRoot(RootContract):
    @pytest.fixture
    def root(self, tmp_path: Path) -> str:
        return str(tmp_path / "root")


class TestFileUrl(RootContract):
    @pytest.fixture
    def root(self, tmp_path: Path) -> str:
        return f"file://{tmp_path / 'root'}"


class TestMemoryRoot(RemoteContract):
    @pytest.fixture
    def root(self) -> Iterator[str]:
        yield "memory://bucket/team"
        remove("memory://bucket")
