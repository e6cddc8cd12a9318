from __future__ import annotations

import importlib.metadata
import sys

import pytest

from mlops_pipeline.snapshot import describe_machine
from mlops_pipeline.snapshot.machine import installed_packages


def test_packages_have_the_versions_that_are_imported() -> None:
    found = installed_packages()
    assert found["click"] == importlib.metadata.version("click")
    assert found["msgspec"] == importlib.metadata.version("msgspec")


def test_the_machine_has_python_cores_and_what_decides_about_seeds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    monkeypatch.setenv("DATABASE_PASSWORD", "hush")
    machine = describe_machine()
    assert machine["python"]["python"] == sys.version.split()[0]
    assert machine["hardware"]["cores"] >= 1
    assert machine["variables"]["PYTHONHASHSEED"] == "7"
    assert "hush" not in repr(machine)
