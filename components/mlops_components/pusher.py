"""`Pusher`: puts a blessed model where a model server finds it."""

from __future__ import annotations

import errno
import logging
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from mlops_components.trainer import SERVING_FOLDER
from mlops_pipeline import Input, Output, component
from mlops_pipeline.artifacts import InfraBlessing, Model, ModelBlessing, PushedModel
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Filesystem:
    """A folder that a model server watches: versions are its numbered subfolders."""

    base_directory: str


@dataclass(frozen=True)
class PushDestination:
    """Where to push to."""

    filesystem: Filesystem


@component(base_type="Deploy")
def Pusher(
    model: Input[Model] | None = None,
    model_blessing: Input[ModelBlessing] | None = None,
    infra_blessing: Input[InfraBlessing] | None = None,
    *,
    pushed_model: Output[PushedModel],
    push_destination: PushDestination | str,
) -> None:
    """Copy the model into a new version folder, if it is blessed.

    The version appears at once and complete, and is greater than every other one there.

    Args:
        push_destination: the folder of all versions, or
            `{"filesystem": {"base_directory": folder}}` as in TFX.
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
    version = _push(source, Path(folder).absolute())
    shutil.copytree(source, pushed_model.path, dirs_exist_ok=True)
    pushed_model.properties["pushed"] = 1
    pushed_model.properties["pushed_destination"] = str(version)
    pushed_model.properties["pushed_version"] = version.name


def _not_blessed(model: ModelBlessing | None, infra: InfraBlessing | None) -> str:
    """Why the model must not be pushed; empty if it may be."""
    if model is not None and model.properties.get("blessed") != 1:
        return f"{model.uri} does not bless it"
    if infra is not None and infra.properties.get("blessed") not in (1, "INFRA_BLESSED"):
        return f"{infra.uri} does not bless it"
    if model is None and infra is None:
        log.warning("the model is pushed without any validation")
    return ""


def _source(model: Model | None, infra: InfraBlessing | None) -> Path:
    """The folder to copy: the model, or the one that the infrastructure validator has stamped."""
    if model is not None:
        path = model.path / SERVING_FOLDER
    elif infra is not None:
        path = infra.path / "stamped_model"
    else:
        raise ParameterError("Pusher has no model", hint="connect `model` or `infra_blessing`")
    if not path.is_dir():
        raise NotFoundError(f"there is no model at {path}", hint="train it again")
    return path


def _push(source: Path, folder: Path) -> Path:
    """Copy a model into the next version; nobody ever sees half of one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Not a number: model servers overlook it.
        temporary = folder / f".{uuid.uuid4().hex}.tmp"
        try:
            shutil.copytree(source, temporary)
            return _rename(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise ExecutorError(
            f"cannot push to {folder}: {error.strerror}",
            hint="check that the folder can be written",
        ) from error


def _rename(temporary: Path, folder: Path) -> Path:
    """Give a copy its version: now in seconds, or one more than the newest there."""
    while True:
        versions = [int(p.name) for p in folder.iterdir() if p.name.isdigit()]
        target = folder / str(max([int(time.time()), *(v + 1 for v in versions)]))
        try:
            temporary.rename(target)
        except OSError as error:
            # Another pusher took the number in the meantime.
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
                continue
            raise
        return target
