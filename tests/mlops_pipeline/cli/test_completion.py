"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

import pytest
from cli_project import Mlops


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_call_mlops(mlops: Mlops, shell: str) -> None:
    assert "_MLOPS_COMPLETE" in mlops("completion", shell).out
