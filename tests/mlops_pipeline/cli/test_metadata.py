import importlib.util

import pytest
from cli_project import Mlops


@pytest.mark.skipif(
    importlib.util.find_spec("ml_metadata") is not None, reason="ML Metadata is installed here"
)
def test_what_serving_needs_is_named_where_it_is_missing(mlops: Mlops) -> None:
    done = mlops("metadata", "serve", "--port", "0")
    assert done.code == 2
    assert "serving a store needs ml-metadata, which is not installed" in done.err
    assert "mlops-pipeline[mlmd]" in done.err


def test_serving_has_flags_for_address_and_certificates(mlops: Mlops) -> None:
    text = mlops("metadata", "serve", "--help").out
    assert all(flag in text for flag in ("--host", "--port", "--tls-cert", "--tls-client-ca"))
    assert "--allow-unauthenticated" in text
    assert "read and change the whole store" in " ".join(text.split())
