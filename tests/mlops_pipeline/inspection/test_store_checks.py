from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.inspection import check_records
from mlops_pipeline.run_state import this_process
from mlops_pipeline.store import (
    ArtifactRecord,
    ArtifactState,
    Execution,
    State,
    StoreCheck,
    open_store,
)

LEASE = 60.0


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/metadata.db"


def begin(url: str, **properties: Any) -> int:
    begun = Execution(
        "pets.Train",
        "pets",
        "run",
        "train",
        State.RUNNING,
        host="here",
        pid=7,
        properties=properties,
    )
    with closing(open_store(url)) as store:
        return store.put_execution(begun)[0].id


def publish(url: str, *uris: str, state: ArtifactState = ArtifactState.LIVE) -> list[int]:
    done = Execution("pets.Train", "pets", "run", "train", State.COMPLETE)
    models = [ArtifactRecord("Model", uri) for uri in uris]
    with closing(open_store(url)) as store:
        _, written = store.put_execution(done, outputs={"models": models})
        ids = [each.id for each in written["models"]]
        for each in ids:
            store.set_artifact_state(each, state)
    return ids


def of_processes(url: str, root: Path) -> StoreCheck:
    return check_records(url, str(root), LEASE)[0]


def of_files(url: str, root: str | Path) -> StoreCheck:
    return check_records(url, str(root), LEASE)[1]


def test_what_runs_in_a_process_that_has_ended_is_named(url: str, tmp_path: Path) -> None:
    code = "from mlops_pipeline.run_state import this_process; print(this_process()['process'])"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    ).stdout.strip()
    begin(url, **this_process())
    dead = begin(url, process=ended)
    found = of_processes(url, tmp_path)
    assert (found.rows, found.misfits, found.removable) == (2, 1, False)
    assert found.first == (f"{dead} (train of run, process 7 on here)",)


def test_what_runs_elsewhere_has_a_lease_to_show_a_sign_of_life(url: str, tmp_path: Path) -> None:
    begin(url, process="elsewhere|1|2", lease=3600)
    assert of_processes(url, tmp_path).misfits == 0
    begin(url, process="elsewhere|1|2", lease=0.000001)
    assert of_processes(url, tmp_path).misfits == 1


def test_live_artifacts_under_the_root_have_files(url: str, tmp_path: Path) -> None:
    root = tmp_path / "artifacts"
    there, gone = root / "pets" / "there", root / "pets" / "gone"
    for each in (there, gone):
        each.mkdir(parents=True)
    _, lost = publish(url, str(there), str(gone))
    assert of_files(url, root).misfits == 0
    gone.rmdir()
    found = of_files(url, root)
    assert (found.rows, found.misfits) == (2, 1)
    assert found.first == (f"{lost} (Model: {gone})",)


def test_artifacts_that_are_deleted_or_elsewhere_need_no_files(url: str, tmp_path: Path) -> None:
    root = tmp_path / "artifacts"
    publish(url, str(root / "deleted"), state=ArtifactState.DELETED)
    publish(url, "/elsewhere/gone", "s3://bucket/gone", str(root) + "-of-others/gone")
    found = of_files(url, root)
    assert (found.rows, found.misfits) == (0, 0)


def test_files_that_were_moved_with_their_root_are_found(url: str, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    place = old / "pets" / "train" / "model" / "1"
    place.mkdir(parents=True)
    publish(url, str(place))
    shutil.move(old, new)
    found = of_files(url, new)
    assert (found.rows, found.misfits) == (1, 0)


def test_objects_under_a_root_elsewhere_are_looked_for(url: str) -> None:
    import fsspec

    root = "memory://checked-root"
    fsspec.filesystem("memory").pipe("/checked-root/there/weights", b"w")
    _, lost = publish(url, f"{root}/there", f"{root}/gone")
    found = of_files(url, root)
    assert (found.rows, found.misfits) == (2, 1)
    assert found.first == (f"{lost} (Model: {root}/gone)",)


def test_no_more_than_the_first_are_named(url: str, tmp_path: Path) -> None:
    publish(url, *(f"{tmp_path}/{number}" for number in range(7)))
    found = of_files(url, tmp_path)
    assert (found.misfits, len(found.first)) == (7, 5)
    assert replace(found, removed=0).left == 7
