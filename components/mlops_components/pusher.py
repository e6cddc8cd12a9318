"""`Pusher`: puts a blessed model where a model server finds it."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar

from mlops_components.models import STAMPED_FOLDER
from mlops_pipeline import Input, Output, component
from mlops_pipeline.artifacts import InfraBlessing, Model, ModelBlessing, PushedModel
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError
from mlops_pipeline.roots import fsync, fsync_tree

log = logging.getLogger(__name__)

# Model servers overlook what is not a number.
_COPY = ".{}.tmp"
_NEWEST = ".newest-"


class Versioning(str, Enum):
    """How versions are numbered: both by the time in seconds."""

    AUTO = "AUTO"
    UNIX_TIMESTAMP = "UNIX_TIMESTAMP"


@dataclass(frozen=True)
class Filesystem:
    """A folder that a model server watches: versions are its numbered subfolders."""

    base_directory: str
    versioning: Versioning = Versioning.AUTO


@dataclass(frozen=True)
class PushDestination:
    """Where to push to."""

    filesystem: Filesystem

    # Where TFX has it.
    Filesystem: ClassVar[type[Filesystem]] = Filesystem


@component(
    base_type="Deploy",
    driver="mlops_components.model_versions:drive_push",
    publisher="mlops_components.model_versions:publish_version",
)
def Pusher(
    model: Input[Model] | None = None,
    model_blessing: Input[ModelBlessing] | None = None,
    infra_blessing: Input[InfraBlessing] | None = None,
    *,
    pushed_model: Output[PushedModel],
    push_destination: PushDestination | str,
    model_name: str | None = None,
    custom_config: dict[str, Any] | None = None,
) -> None:
    """Copy the model into a new version folder, if it is blessed.

    The version appears at once and complete, and is greater than every one that was there before.

    Args:
        push_destination: the folder of all versions, or
            `{"filesystem": {"base_directory": folder}}` as in TFX.
        model_name: the registered model of which it becomes the next version. A model with the
            bytes of a version that was rolled back is skipped then.
        custom_config: for executors that push elsewhere; says nothing to this one.
    """
    pushed_model.path.mkdir(parents=True, exist_ok=True)
    reason = _not_blessed(model_blessing, infra_blessing)
    if reason:
        log.warning("the model is not pushed: %s", reason)
        pushed_model.properties["pushed"] = 0
        return
    source = _source(model, infra_blessing)
    folder = (
        push_destination
        if isinstance(push_destination, str)
        else push_destination.filesystem.base_directory
    )
    if not folder:
        raise ParameterError("push_destination is empty", hint="name a folder")
    if "://" in folder:
        raise ParameterError(
            f"push_destination {folder} is a URL, and models are copied to folders",
            hint="name a folder that is mounted here, or push with a component of your own",
        )
    version = _push(source, Path(folder).absolute())
    shutil.copytree(source, pushed_model.path, dirs_exist_ok=True)
    pushed_model.properties["pushed"] = 1
    pushed_model.properties["pushed_destination"] = str(version)
    pushed_model.properties["pushed_version"] = version.name
    if model_name:
        pushed_model.properties["model_name"] = model_name


def _not_blessed(model: ModelBlessing | None, infra: InfraBlessing | None) -> str:
    """Return the reason why the model must not be pushed; empty if it may be."""
    if model is not None and model.properties.get("blessed") != 1:
        return f"{model.uri} does not bless it"
    if infra is not None and infra.properties.get("blessed") not in (1, "INFRA_BLESSED"):
        return f"{infra.uri} does not bless it"
    if model is None and infra is None:
        log.warning("the model is pushed without any validation")
    return ""


def _source(model: Model | None, infra: InfraBlessing | None) -> Path:
    """Return the folder to copy: the model, or its copy from the infrastructure validator."""
    if model is not None:
        path, hint = model.serving, "train it again"
    elif infra is not None:
        path = infra.path / STAMPED_FOLDER
        hint = "connect `model`, or let InfraValidator's request_spec have make_warmup"
    else:
        raise ParameterError("Pusher has no model", hint="connect `model` or `infra_blessing`")
    if not path.is_dir():
        raise NotFoundError(f"there is no model at {path}", hint=hint)
    return path


def _push(source: Path, folder: Path) -> Path:
    """Copy a model into the next version; no reader sees half of it, not even after a crash."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_what_crashes_left(folder)
        with _copied(source, folder) as copy:
            version = _rename(copy, folder)
        fsync(str(folder))
        _remember(version)
    except OSError as error:
        raise ExecutorError(
            f"cannot push to {folder}: {_why(error)}",
            hint="check that the folder can be written, and that there is room",
        ) from error
    return version


def _why(error: OSError) -> str:
    # A copied tree reports all its files: (source, target, what went wrong).
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        return str(error.args[0][0][2])
    return error.strerror or str(error)


@contextmanager
def _copied(source: Path, folder: Path) -> Iterator[Path]:
    """Make a copy of the model on the disk, under a name that no server looks at."""
    name = uuid.uuid4().hex
    unlocked, copy = folder / f".{name}", folder / _COPY.format(name)
    unlocked.mkdir()
    lock = os.open(unlocked, os.O_RDONLY)
    try:
        # Held as long as this process lives: see `_remove_what_crashes_left`.
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        unlocked.rename(copy)
        shutil.copytree(source, copy, dirs_exist_ok=True)
        fsync_tree(copy)
        yield copy
    finally:
        shutil.rmtree(copy, ignore_errors=True)
        os.close(lock)


def _remove_what_crashes_left(folder: Path) -> None:
    for copy in folder.glob(_COPY.format("*")):
        with suppress(OSError):
            lock = os.open(copy, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(copy, ignore_errors=True)
            finally:
                os.close(lock)


def _rename(copy: Path, folder: Path) -> Path:
    """Give a copy its version: now in seconds, or one more than the newest ever there."""
    while True:
        target = folder / str(max([int(time.time()), *(v + 1 for v in _versions(folder))]))
        try:
            copy.rename(target)
        except OSError as error:
            # Another pusher took the number in the meantime.
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
                continue
            raise
        return target


def _versions(folder: Path) -> Iterator[int]:
    """Yield all versions that are there, and the newest one that was."""
    for path in folder.iterdir():
        number = path.name.removeprefix(_NEWEST)
        if number.isdecimal():
            yield int(number)


def _remember(version: Path) -> None:
    """Leave a mark of the newest version: its number is not given again if it is deleted."""
    (version.parent / f"{_NEWEST}{version.name}").touch()
    for mark in version.parent.glob(f"{_NEWEST}*"):
        number = mark.name.removeprefix(_NEWEST)
        if number.isdecimal() and int(number) < int(version.name):
            mark.unlink(missing_ok=True)
