"""The loaders that entry points name are there, and import nothing before they are used."""

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from mlops_components.serving import load_saved_model, load_scikit_learn


def test_each_entry_point_leads_to_a_loader() -> None:
    points = entry_points(group="mlops_pipeline.model_loaders")
    found = {point.name: point.load() for point in points}
    assert found == {
        "model.pkl": load_scikit_learn,
        "model.skops": load_scikit_learn,
        "saved_model.pb": load_saved_model,
    }


@pytest.mark.slow  # Starts an interpreter.
def test_loaders_import_no_library_until_they_load() -> None:
    script = (
        "import sys, mlops_components.serving\n"
        "print(*{'numpy', 'tensorflow', 'sklearn', 'uvicorn'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
