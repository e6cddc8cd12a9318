"""Recording is off unless the settings ask for it."""

from __future__ import annotations

import subprocess
import sys

from mlops_pipeline.openlineage import recorded
from mlops_pipeline.settings import Settings
from mlops_pipeline.store import MemoryStore


def test_nothing_is_recorded_unless_it_is_asked_for() -> None:
    store = MemoryStore()
    assert recorded(store, Settings()) is store


def test_what_records_is_not_even_loaded() -> None:
    code = """
import sys
from mlops_pipeline.run_state import Workspace
from mlops_pipeline.runners import local
print([name for name in sys.modules if name.startswith("mlops_pipeline.openlineage.")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['mlops_pipeline.openlineage.switch']"
