import runpy
from pathlib import Path

import pytest

from mlops_pipeline.errors import CompileError

DAG_FILE = """
from mlops_pipeline.runners.airflow.ir_files import beside_dag_file

found = beside_dag_file("hello.json")
"""


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle of DAG files, and a working folder that is not it."""
    bundle, working = tmp_path / "bundle", tmp_path / "airflow"
    bundle.mkdir()
    working.mkdir()
    monkeypatch.chdir(working)
    return bundle


def test_a_relative_file_lies_beside_the_dag_file(elsewhere: Path) -> None:
    (elsewhere / "hello.json").touch()
    (elsewhere / "hello.py").write_text(DAG_FILE)
    assert runpy.run_path(str(elsewhere / "hello.py"))["found"] == elsewhere / "hello.json"


def test_a_function_of_another_module_may_make_the_dag(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = elsewhere.parent / "library"
    library.mkdir()
    (library / "making_dags.py").write_text(
        f"def make():\n{DAG_FILE.replace(chr(10), chr(10) + '    ')}\n    return found\n"
    )
    monkeypatch.syspath_prepend(library)
    (elsewhere / "hello.json").touch()
    (elsewhere / "hello.py").write_text("import making_dags\nfound = making_dags.make()")
    assert runpy.run_path(str(elsewhere / "hello.py"))["found"] == elsewhere / "hello.json"


def test_a_missing_file_is_named_with_the_folder_of_the_dag_file(elsewhere: Path) -> None:
    (elsewhere.parent / "airflow" / "hello.json").touch()
    (elsewhere / "hello.py").write_text(DAG_FILE)
    with pytest.raises(CompileError, match=str(elsewhere)):
        runpy.run_path(str(elsewhere / "hello.py"))
