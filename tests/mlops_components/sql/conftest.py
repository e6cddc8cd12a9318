"""The package that the engine of our own needs."""

import importlib.util

import pytest


@pytest.fixture
def sqlglot() -> None:
    """Skip a test of our own engine where the libraries bring ZetaSQL, and sqlglot is missing."""
    if importlib.util.find_spec("sqlglot") is None:
        pytest.skip("needs sqlglot, which is not installed where tfx_bsl has ZetaSQL")
