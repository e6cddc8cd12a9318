"""A side of many_files.py: `python many_files_side.py SIDE FOLDER FILES`."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from mlops_pipeline import Model, Output, component, pipeline
from mlops_pipeline.authoring import compile_pipeline
from mlops_pipeline.run_state import Workspace
from mlops_pipeline.runners import local
from mlops_pipeline.store import open_store

HERE = Path(__file__).parent
FOLDERS = 100


def write(place: Path, files: int) -> None:
    """Write the files, and note how long it took."""
    begun = time.perf_counter()
    for folder in range(FOLDERS):
        (place / f"{folder:03}").mkdir(parents=True, exist_ok=True)
    for number in range(files):
        (place / f"{number % FOLDERS:03}" / f"{number}").write_bytes(f"{number:0100}".encode())
    Path(os.environ["FILES_WRITTEN"]).write_text(str(time.perf_counter() - begun))


@component
def Many(model: Output[Model], *, files: int) -> None:
    """Write many files."""
    write(Path(model.path), files)


@pipeline
def many(files: int) -> None:
    """Write many files."""
    Many(files=files)


def ours(folder: Path, files: int) -> dict[str, float]:
    """Run the node in this process."""
    store = open_store(f"sqlite:///{folder / 'metadata.db'}")
    workspace = Workspace(store, str(folder / "artifacts"), HERE, (str(HERE),))
    ir = compile_pipeline(many, {"files": files}, HERE)
    begun = time.perf_counter()
    result = local.run(
        ir,
        "run",
        workspace,
        parameters={"files": files},
        options=local.RunOptions(in_process=True),
    )
    seconds = time.perf_counter() - begun
    if result.failed:
        raise SystemExit(result.failed[0].execution.error)
    written = float(Path(os.environ["FILES_WRITTEN"]).read_text())
    return {"write s": written, "publish s": seconds - written}


def one_by_one(folder: Path, files: int) -> dict[str, float]:
    """Write the files, and bring one after the other to the disk."""
    place = folder / "files"
    write(place, files)
    begun = time.perf_counter()
    for each in [*place.rglob("*"), place]:
        handle = os.open(each, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
    seconds = time.perf_counter() - begun
    return {"write s": float(Path(os.environ["FILES_WRITTEN"]).read_text()), "sync s": seconds}


if __name__ == "__main__":
    side, place, files = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    os.environ["FILES_WRITTEN"] = str(place / "written")
    print(json.dumps({"ours": ours, "one by one": one_by_one}[side](place, files)))
