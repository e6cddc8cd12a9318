"""Artifact roots that need no server: a folder of this machine, and fsspec's own memory."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.register_assert_rewrite("root_contract")

from root_contract import RootContract  # noqa: E402


class TestLocalRoot(RootContract):
    @pytest.fixture
    def root(self, tmp_path: Path) -> str:
        return str(tmp_path / "root")
