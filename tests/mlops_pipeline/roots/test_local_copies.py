"""Artifact roots that need no server: a folder of this machine, and fsspec's own memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.register_assert_rewrite("root_contract")


from mlops_pipeline.roots import (  # noqa: E402
    default_scratch,
    make_scratch,
)


def test_the_scratch_folder_is_the_users_cache_and_never_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert default_scratch() == tmp_path / "cache" / "mlops"
    make_scratch(default_scratch())
    assert default_scratch().stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nobody")
    monkeypatch.setattr(os, "access", lambda place, mode: False)
    assert default_scratch().name == f"mlops-{os.getuid()}"
