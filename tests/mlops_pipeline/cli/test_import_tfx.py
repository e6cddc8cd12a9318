import importlib.util

import pytest
from cli_project import Mlops


@pytest.mark.skipif(
    importlib.util.find_spec("ml_metadata") is not None, reason="ML Metadata is installed here"
)
def test_what_an_import_needs_is_named_where_it_is_missing(mlops: Mlops) -> None:
    done = mlops("import-tfx", "metadata.db")
    assert done.code == 2
    assert "mlops-pipeline[local]" in done.err


def test_an_import_needs_a_source(mlops: Mlops) -> None:
    done = mlops("import-tfx")
    assert done.code == 2
    assert "SOURCE" in done.err
