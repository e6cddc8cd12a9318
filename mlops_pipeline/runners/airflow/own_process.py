"""Commands of `mlops` in forks of a task's own process: nothing is started, little is imported."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from mlops_pipeline.runners.workers import Forked, ForkOptions, fork


def start_here(arguments: Sequence[str], environment: Mapping[str, str], folder: str) -> Forked:
    """Start a command of `mlops` in a fork of this process, with pipes as those of `Popen`."""
    given, stdin = os.pipe()
    stdout, output = os.pipe()
    path = [folder, *_path(environment, folder)]
    options = ForkOptions(given, output, environment=environment, folder=folder, path=path)
    try:
        child = fork(options, partial(_command, list(arguments)))
    except BaseException:
        os.close(stdin)
        os.close(stdout)
        raise
    finally:
        os.close(given)
        os.close(output)
    # Who waits for it closes them.
    child.stdin = os.fdopen(stdin, "w")
    child.stdout = os.fdopen(stdout, encoding="utf-8", errors="replace")
    return child


def _command(arguments: list[str]) -> None:
    """Do what `python -m mlops_pipeline.cli` does."""
    sys.argv[:] = ["mlops", *arguments]
    runpy.run_module("mlops_pipeline.cli", run_name="__main__", alter_sys=True)


def _path(environment: Mapping[str, str], folder: str) -> list[str]:
    """Return where modules are found, without the folders that Airflow has added.

    What is in them, DAG files and plugins, is no part of a pipeline.
    """
    before = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    now = [each for each in environment.get("PYTHONPATH", "").split(os.pathsep) if each]
    settings = sys.modules.get("airflow.settings")
    added = [str(getattr(settings, name, "")) for name in ("DAGS_FOLDER", "PLUGINS_FOLDER")]
    added.append(str(Path(str(getattr(settings, "AIRFLOW_HOME", ""))) / "config"))
    left_out = {*before, *now, *added, folder}
    return [*now, *(each for each in sys.path if each not in left_out)]
