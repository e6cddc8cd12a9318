from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mlops_metadata
from mlops_metadata import library
from mlops_metadata.sqlite_file import open_by_library
from mlops_pipeline.errors import StoreError

pytestmark = pytest.mark.mlmd


FOLDER = Path(mlops_metadata.__file__).parent
SOURCES = {
    path.relative_to(FOLDER).with_suffix("").as_posix(): path.read_text()
    for path in FOLDER.rglob("*.py")
}


def test_one_module_imports_the_library_of_ml_metadata_and_one_its_messages() -> None:
    imports = re.compile(r"^\s*(from|import) (ml_metadata|google)\b", re.MULTILINE)
    found = sorted(name for name, text in SOURCES.items() if imports.search(text))
    assert found == ["library", "messages"]
    imports = re.compile(r"^\s*from ml_metadata.*pywrap", re.MULTILINE)
    assert [name for name, text in SOURCES.items() if imports.search(text)] == ["library"]
    # Only what talks to a server, or is one, needs gRPC, and imports it when it is used.
    imports = re.compile(r"^(from|import) grpc\b", re.MULTILINE)
    assert [name for name, text in SOURCES.items() if imports.search(text)] == []


def test_nothing_is_asked_that_mlmd_answers_slowly_or_no_longer() -> None:
    # What others ask is answered there.
    own = {name: text for name, text in SOURCES.items() if not name.startswith("service/")}
    for call in ("filter_query", "GetLineageSubgraph"):
        assert [name for name, text in own.items() if call in text] == []


def test_the_store_brings_in_no_grpc_and_leaves_the_stock_client_usable(tmp_path: Path) -> None:
    script = f"""
import sys
from mlops_metadata.sqlite_file import open_by_library
open_by_library("sqlite:///{tmp_path / "metadata.db"}").close()
print("grpc" in sys.modules)
import ml_metadata
from ml_metadata.proto import metadata_store_pb2
config = metadata_store_pb2.ConnectionConfig()
config.fake_database.SetInParent()
print(ml_metadata.MetadataStore(config).get_artifacts())
"""
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
        check=False,
    )
    assert done.stdout.split() == ["False", "[]"], done.stderr


HOLD = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def test_who_holds_the_store_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "metadata.db"
    store = open_by_library(f"sqlite:///{file}")
    monkeypatch.setattr(library, "_PATIENCE", 0.2)
    command = [sys.executable, "-c", HOLD, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(StoreError, match="another program holds it for more than") as caught:
            store.put_document("text")
        other.terminate()
    if holder_is_known(file):
        assert f"process {other.pid} (" in caught.value.message
    assert "end the program that has it open" in caught.value.hint
    store.close()


def holder_is_known(file: Path) -> bool:
    """A container may have no list of locks, or one without its own."""
    import fcntl

    locks = Path("/proc/locks")
    with file.open("r+b") as opened:
        fcntl.lockf(opened, fcntl.LOCK_EX)
        return locks.exists() and f":{file.stat().st_ino} " in locks.read_text()
