"""The IR of examples and ready pipelines, byte for byte: a difference is a change of an interface.

After a change that is meant, MLOPS_UPDATE_GOLDEN=1 has this file write them anew.
"""

import os
from pathlib import Path

import pytest

from mlops_pipeline.authoring import load_pipeline
from mlops_pipeline.ir import dump

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
FOLDERS = [
    path.parent for kind in ("examples", "pipelines") for path in ROOT.glob(f"{kind}/*/pipeline.py")
]


def compiled(folder: Path) -> bytes:
    return dump(load_pipeline(str(folder), project=ROOT).compile())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_ir_is_what_it_was(folder: Path) -> None:
    file = GOLDEN / f"{folder.name}.json"
    if os.environ.get("MLOPS_UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(compiled(folder))
    assert compiled(folder).decode() == file.read_text()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_compiling_twice_gives_the_same_bytes(folder: Path) -> None:
    assert compiled(folder) == compiled(folder)
