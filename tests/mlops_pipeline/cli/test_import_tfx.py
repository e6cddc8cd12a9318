import importlib.util
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cli_project import Mlops

from mlops_pipeline.store import open_store


@pytest.mark.skipif(
    importlib.util.find_spec("ml_metadata") is not None, reason="ML Metadata is installed here"
)
def test_what_an_import_of_an_old_store_needs_is_named_where_it_is_missing(
    mlops: Mlops, tmp_path: Path
) -> None:
    path = tmp_path / "old.db"
    open_store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE MLMDEnv SET schema_version = 6")
        database.commit()
    done = mlops("import-tfx", str(path))
    assert done.code == 2
    assert "mlops-pipeline[mlmd]" in done.err


def test_an_import_needs_a_source(mlops: Mlops) -> None:
    done = mlops("import-tfx")
    assert done.code == 2
    assert "SOURCE" in done.err


@pytest.mark.parametrize("source", ["grpc://host:8080", "mysql://me:secret@host/mlmd"])
def test_a_store_behind_a_server_is_told_to_be_no_file(mlops: Mlops, source: str) -> None:
    done = mlops("import-tfx", source)
    assert done.code == 2
    assert f"{source.replace('secret', '***')} is not a file" in done.err
    assert "mlops metadata copy" in done.err
