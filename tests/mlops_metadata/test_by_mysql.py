from __future__ import annotations

import importlib.util

import pytest

from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import open_store

HAS_DRIVER = importlib.util.find_spec("pymysql") is not None


@pytest.mark.skipif(HAS_DRIVER, reason="the driver is here")
def test_a_missing_driver_is_named() -> None:
    with pytest.raises(StoreError) as caught:
        open_store("mysql://me@localhost/mlmd")
    assert "needs pymysql" in caught.value.message
    assert "mlops-pipeline[mysql]" in caught.value.hint


@pytest.mark.mlmd
@pytest.mark.skipif(not HAS_DRIVER, reason="there is no driver")
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://localhost/mlmd", "names no user"),
        ("mysql://me@localhost", "names no user or no database"),
        ("mysql://me@localhost/mlmd?charset=x", "unknown option 'charset'"),
        ("mysql://me:secret@localhost/mlmd", "holds a password"),
    ],
)
def test_a_wrong_url_is_refused(url: str, words: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(url)
    assert words in caught.value.message
    assert "secret" not in caught.value.message
