"""Put a compiled pipeline and its DAG file into a folder that Airflow reads. Needs no Airflow."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.ir import PipelineIR, digest, dump

KEPT = 5
"""IR files that stay: runs that have started go on with the one that they started with."""

_DAG_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")


@dataclass(frozen=True)
class Deployment:
    """Content of the DAG file.

    Args:
        execution: arguments of `ExecutionConfig`.
        dag: arguments of `PipelineDag` that are written as Python literals: schedule, span, tags.
    """

    dag_id: str = ""
    execution: Mapping[str, Any] = field(default_factory=dict)
    dag: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Deployed:
    """Files of a deployed pipeline; `changed` is true if anything had to be written."""

    dag_id: str
    ir_file: Path
    dag_file: Path
    changed: bool


def deploy_dag(ir: PipelineIR, folder: Path, deployment: Deployment) -> Deployed:
    """Write IR and DAG file; the same pipeline and settings leave everything as it is.

    The IR is named by its digest and written first, so that a DAG file never names one that is not
    there, and an old run finds its own.

    Raises:
        SettingsError: the folder is not there, or cannot be written.
    """
    dag_id = deployment.dag_id or ir.name
    if not _DAG_ID.fullmatch(dag_id):
        raise SettingsError(
            f"{dag_id!r} is no DAG id", hint="use letters, digits, and _ - . in --dag-id"
        )
    if not folder.is_dir():
        raise SettingsError(f"{folder} is no folder", hint="name a DAG bundle folder with --dags")
    dag_folder = folder / dag_id
    ir_file = dag_folder / f"{ir.name}-{digest(ir)[:12]}.json"
    dag_file = dag_folder / f"{dag_id}.py"
    try:
        dag_folder.mkdir(exist_ok=True)
        wrote = [
            _write(ir_file, dump(ir)),
            _write(dag_file, _dag_text(ir_file.name, dag_id, deployment).encode()),
        ]
        _forget(dag_folder, ir.name, ir_file)
    except OSError as error:
        raise SettingsError(f"cannot write to {dag_folder}: {error.strerror}") from None
    return Deployed(dag_id, ir_file, dag_file, any(wrote))


def _dag_text(ir_name: str, dag_id: str, deployment: Deployment) -> str:
    execution = [f"        {name}={value!r}," for name, value in deployment.execution.items()]
    dag = [f"    {name}={value!r}," for name, value in deployment.dag.items()]
    return "\n".join(
        [
            '"""Written by `mlops airflow deploy`: a change here lasts until the next one."""',
            "",
            "from pathlib import Path",
            "",
            "from mlops_pipeline.runners.airflow import ExecutionConfig, PipelineDag",
            "",
            "PipelineDag(",
            f"    Path(__file__).with_name({ir_name!r}),",
            f"    dag_id={dag_id!r},",
            "    execution=ExecutionConfig(",
            *execution,
            "    ),",
            *dag,
            ")",
            "",
        ]
    )


def _write(file: Path, data: bytes) -> bool:
    """Write a file at once, if it does not hold this already."""
    if file.exists() and file.read_bytes() == data:
        # What is current is new, however long ago it was written.
        os.utime(file)
        return False
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(file)
    return True


def _forget(dag_folder: Path, name: str, current: Path) -> None:
    old = [file for file in dag_folder.glob(f"{name}-*.json") if file != current]
    for file in sorted(old, key=lambda each: each.stat().st_mtime_ns)[: max(len(old) - KEPT, 0)]:
        file.unlink()
