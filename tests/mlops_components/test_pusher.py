"""Versions of a served model: they only grow, and appear complete."""

import fcntl
import os
import resource
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mlops_components import Filesystem, PushDestination, Pusher, Versioning
from mlops_pipeline.artifacts import Artifact, InfraBlessing, Model, ModelBlessing
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError
from mlops_pipeline.testing import artifact, run_component

FILES = {
    "Format-Serving/saved_model.pb": "graph",
    "Format-Serving/variables/v": "values",
    "Format-TFMA/x": "not served",
}


def push(folder: Path | str, **inputs: Any) -> Artifact:
    inputs = {"model": artifact(Model, FILES), **inputs}
    destination = PushDestination(Filesystem(str(folder)))
    return run_component(Pusher, push_destination=destination, **inputs).outputs["pushed_model"]


def versions(folder: Path) -> list[int]:
    return sorted(int(path.name) for path in folder.iterdir() if path.name[0] != ".")


def test_version_is_a_copy_of_what_is_served(tmp_path: Path) -> None:
    pushed = push(tmp_path / "serving")
    version = Path(str(pushed.properties["pushed_destination"]))
    assert version.parent == tmp_path / "serving"
    for folder in (version, pushed.path):
        assert (folder / "saved_model.pb").read_text() == "graph"
        assert (folder / "variables/v").read_text() == "values"
        assert not (folder / "Format-TFMA").exists()


def test_versions_only_grow(tmp_path: Path) -> None:
    newest = int(time.time()) + 1_000_000
    (tmp_path / str(newest)).mkdir()
    pushed = [push(tmp_path).properties["pushed_version"] for _ in range(2)]
    assert pushed == [str(newest + 1), str(newest + 2)]


def test_pushes_at_one_time_get_versions_of_their_own(tmp_path: Path) -> None:
    threads = [threading.Thread(target=push, args=(tmp_path,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(versions(tmp_path)) == 6
    assert all((tmp_path / str(v) / "variables/v").exists() for v in versions(tmp_path))
    assert not list(tmp_path.glob(".*.tmp"))


def test_version_that_was_deleted_is_not_given_again(tmp_path: Path) -> None:
    newest = int(time.time()) + 1_000_000
    (tmp_path / str(newest)).mkdir()
    push(tmp_path)
    for version in versions(tmp_path):
        shutil.rmtree(tmp_path / str(version))
    assert push(tmp_path).properties["pushed_version"] == str(newest + 2)
    assert [path.name for path in tmp_path.glob(".newest-*")] == [f".newest-{newest + 2}"]


def test_what_a_crashed_push_left_is_removed_and_what_another_copies_is_kept(
    tmp_path: Path,
) -> None:
    for name in ("crashed", "copying"):
        (tmp_path / f".{name}.tmp/variables").mkdir(parents=True)
    lock = os.open(tmp_path / ".copying.tmp", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    push(tmp_path)
    os.close(lock)
    assert [path.name for path in tmp_path.glob(".*.tmp")] == [".copying.tmp"]


def test_full_disk_is_named_and_leaves_no_version(tmp_path: Path) -> None:
    model = artifact(Model, {**FILES, "Format-Serving/variables/much": b"x" * 100_000})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(ExecutorError, match=r"cannot push to .*: .*File too large"):
            push(tmp_path, model=model)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "inputs",
    [
        {"model_blessing": artifact(ModelBlessing, blessed=0)},
        {"model_blessing": artifact(ModelBlessing)},
        {"infra_blessing": artifact(InfraBlessing, blessed=0)},
    ],
    ids=["not blessed", "nothing said", "infra"],
)
def test_model_without_a_blessing_is_not_pushed(tmp_path: Path, inputs: dict[str, Any]) -> None:
    pushed = push(tmp_path / "serving", **inputs)
    assert pushed.properties == {"pushed": 0}
    assert not (tmp_path / "serving").exists()


def test_blessed_model_is_pushed(tmp_path: Path) -> None:
    blessings = {
        "model_blessing": artifact(ModelBlessing, blessed=1),
        "infra_blessing": artifact(InfraBlessing, blessed="INFRA_BLESSED"),
    }
    assert push(tmp_path, **blessings).properties["pushed"] == 1


def test_destination_may_be_just_a_folder(tmp_path: Path) -> None:
    model = artifact(Model, FILES)
    run_component(Pusher, model=model, push_destination=str(tmp_path))
    assert len(versions(tmp_path)) == 1


def test_model_that_was_stamped_is_pushed_in_its_place(tmp_path: Path) -> None:
    infra = artifact(InfraBlessing, {"stamped_model/saved_model.pb": "warm"}, blessed=1)
    run_component(Pusher, infra_blessing=infra, push_destination=str(tmp_path))
    assert (tmp_path / str(versions(tmp_path)[0]) / "saved_model.pb").read_text() == "warm"
    with pytest.raises(NotFoundError, match="make_warmup"):
        run_component(
            Pusher,
            infra_blessing=artifact(InfraBlessing, blessed=1),
            push_destination=str(tmp_path),
        )


def test_tfx_spellings_are_taken(tmp_path: Path) -> None:
    folder = PushDestination.Filesystem(str(tmp_path), Versioning.UNIX_TIMESTAMP)
    model = artifact(Model, FILES)
    destinations: list[Any] = [
        PushDestination(filesystem=folder),
        {"filesystem": {"base_directory": str(tmp_path), "versioning": "AUTO"}},
    ]
    for destination in destinations:
        given = {"push_destination": destination, "custom_config": {"k": 1}}
        run_component(Pusher, model=model, **given)
    assert len(versions(tmp_path)) == 2


def test_mistakes_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExecutorError, match="cannot push to"):
        push(tmp_path / "file")
    with pytest.raises(NotFoundError, match="there is no model at"):
        push(tmp_path, model=artifact(Model, {"other/x": ""}))
    with pytest.raises(ParameterError, match="Pusher has no model"):
        push(tmp_path, model=None)
    with pytest.raises(ParameterError, match="push_destination is empty"):
        push("")
