"""Files of a KerasTuner project: the trials that it keeps, and the models it names."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.errors import FatalTypeError
from keras_tuner.src import utils

from mlops_pipeline.errors import ExecutorError

log = logging.getLogger(__name__)


def write_json(path: Path, content: Any) -> None:
    """Write JSON so that no reader ever sees half of it, not even after a crash."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.write_text(json.dumps(content))
    new.replace(path)


@contextmanager
def models_named() -> Iterator[None]:
    """Say what to do where KerasTuner refuses what the user's function builds."""
    try:
        yield
    except FatalTypeError as error:
        raise ExecutorError(
            str(error),
            hint="build the model with `import keras`: `tf.keras` is Keras 2 where "
            "tensorflow_transform is imported",
            retryable=False,
        ) from None


@contextmanager
def projects_kept(folder: Path) -> Iterator[None]:
    """Make tuners keep their trials in `folder`, for further attempts.

    `overwrite=True`, which many tuners are made with, means the folder of an earlier *search*:
    each run has a folder of its own. And what KerasTuner writes is never half written.
    """
    make, save = BaseTuner.__init__, utils.save_json

    # The parameters are KerasTuner's.
    def init(self: BaseTuner, *args: Any, **kwargs: Any) -> None:
        given = dict(zip(("oracle", "hypermodel", "directory", "project_name"), args, strict=False))
        given |= {"overwrite": args[4]} if len(args) > 4 else {}
        make(self, **_placed(folder, given | kwargs))

    def save_json(path: str, content: Any) -> str:
        write_json(Path(path), content)
        return json.dumps(content)

    BaseTuner.__init__, utils.save_json = init, save_json
    try:
        yield
    finally:
        BaseTuner.__init__, utils.save_json = make, save


def _placed(folder: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a tuner, with its files in `folder`."""
    chosen = Path(given.get("directory") or folder)
    if chosen.resolve().is_relative_to(folder.resolve()):
        return {**given, "directory": str(chosen), "overwrite": False}
    log.warning(
        "the tuner keeps its trials in %s: give it directory=fn_args.working_dir, or this search "
        "goes on with those of an earlier run",
        chosen,
    )
    return dict(given)
