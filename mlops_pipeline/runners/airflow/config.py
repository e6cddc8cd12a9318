"""Configuration of a DAG's tasks: the interpreter or container, and its arguments."""

from __future__ import annotations

import fnmatch
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from mlops_pipeline.errors import SettingsError

_FOREIGN = ("AIRFLOW", "PYTHON", "VIRTUAL_ENV", "_AIRFLOW")
"""Variables of Airflow's own environment: they would change what another interpreter imports."""

_AIRFLOWS = ("AIRFLOW", "_AIRFLOW")
"""Those of them that are no business of a node in the same interpreter."""

MODES = ("process", "in_process", "container", "pod")


@dataclass(frozen=True)
class ExecutionConfig:
    """Interpreter or image for nodes; it has mlops-pipeline and the pipeline's packages.

    Args:
        mode: `process` starts `python` on the Airflow worker, `in_process` runs nodes in a fork of
            the task's own process, `container` starts `image` on the worker with `engine`, `pod`
            starts `image` in Kubernetes.
        python: interpreter of the project, usually not Airflow's: TensorFlow's libraries and
            Airflow cannot share one.
        store: URL of the metadata store; empty leaves it to `base_dir`'s `mlops.toml`.
        root: where artifacts are kept; empty leaves it to that as well.
        base_dir: where the pipeline's paths and modules start; empty for the folder of the IR.
        environment: further variables; nothing secret, they are seen with the DAG.
        secrets: by name of a secret of the pipeline, the Airflow variable that holds it; for pods
            the Kubernetes secret and the key in it, as `vault/token`. One that is not named is
            taken from the environment of the worker, for pods from secret `mlops-pipeline`.
        options: further arguments of the container engine, such as `--volume=/data:/data`.
        pod: further arguments of `KubernetesPodOperator`, such as `namespace`, `volumes`.
        grace: seconds that a node has to clean up when its task is stopped.
        lineage_url: where `mlops ui` is served, as `https://host/ml/`; or another address of an
            execution, in which `{execution_id}`, `{run_id}` and `{node}` are filled in. A link of
            each task leads there.

    Raises:
        SettingsError: the image is missing, or something else that the mode needs; or another
            environment is named than the one that the mode has.
    """

    mode: Literal["process", "in_process", "container", "pod"] = "process"
    python: str = "python3"
    image: str = ""
    engine: str = "podman"
    store: str = ""
    root: str = ""
    base_dir: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[str] = ()
    pod: Mapping[str, Any] = field(default_factory=dict)
    grace: float = 20.0
    lineage_url: str = ""

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise SettingsError(
                f"mode {self.mode!r} of ExecutionConfig is unknown",
                hint=f"choose {', '.join(MODES[:-1])} or {MODES[-1]}",
            )
        if self.mode == "in_process":
            self._refuse_other_environment()
        elif self.mode != "process" and not self.image:
            raise SettingsError(f'mode "{self.mode}" runs an image, and none is named')
        if self.mode == "pod" and not self.base_dir:
            raise SettingsError(
                'mode "pod" needs base_dir', hint="name the pipeline's folder in the image"
            )
        if self.mode == "pod" and re.match(r"[a-z0-9+]+://[^/@:]*:.*@", self.store):
            raise SettingsError(
                "the store URL holds a password, which everyone who sees the pods would see",
                hint="leave store out, and give MLOPS_STORE by a secret: pod={'env_from': ...}",
            )
        try:
            self.link({"execution_id": 1, "run_id": "r", "node": "n"})
        except (LookupError, ValueError):
            raise SettingsError(
                f"lineage_url {self.lineage_url!r} cannot be filled in",
                hint="it may have {execution_id}, {run_id} and {node}",
            ) from None

    def _refuse_other_environment(self) -> None:
        own = self.python == "python3" or (
            Path(self.python).parent.resolve() == Path(sys.executable).parent.resolve()
        )
        named = "" if own else f"python {self.python}"
        named = f"image {self.image}" if self.image else named
        if named:
            raise SettingsError(
                f'mode "in_process" runs nodes in Airflow\'s own environment, not with {named}',
                hint='leave it out, or choose mode "process" or "container"',
            )

    @property
    def locations(self) -> dict[str, str]:
        """The variables that say where the store and the artifacts are."""
        given = {"MLOPS_STORE": self.store, "MLOPS_ROOT": self.root}
        return {name: value for name, value in given.items() if value}

    def link(self, facts: Mapping[str, Any]) -> str:
        """Return the link to the page of an execution."""
        names = {name: quote(str(facts[name]), safe="") for name in ("run_id", "node")}
        if "{" not in self.lineage_url and "}" not in self.lineage_url:
            label = quote(str(facts.get("label") or facts["node"]), safe="")
            return f"{self.lineage_url.rstrip('/')}/node?run={names['run_id']}&name={label}"
        return self.lineage_url.format(execution_id=facts["execution_id"], **names)

    def command(
        self, arguments: Sequence[str], mounts: Sequence[Path], given: set[str]
    ) -> list[str]:
        """Return the command line that runs a command of `mlops`.

        Args:
            mounts: folders that a container needs under the same path; the first is this step's
                own, and takes the id of the container.
            given: names of variables to hand on to a container.
        """
        if self.mode in ("process", "in_process"):
            python = self.python if self.mode == "process" else sys.executable
            return [python, "-m", "mlops_pipeline.cli", *arguments]
        return [
            *(self.engine, "run", "--rm", "--interactive", f"--cidfile={mounts[0] / 'container'}"),
            *(f"--volume={folder}:{folder}" for folder in mounts),
            *(f"--env={name}" for name in sorted(given)),
            *self.options,
            *(self.image, "python3", "-m", "mlops_pipeline.cli", *arguments),
        ]

    def variables(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return the environment for a command: the worker's, without Airflow's own variables."""
        foreign = _AIRFLOWS if self.mode == "in_process" else _FOREIGN
        kept = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
        return {**kept, **self.environment, **more}


HERE = ExecutionConfig()
"""On the worker, with the `python3` on its path."""


@dataclass(frozen=True)
class NodeConfig:
    """Arguments of Airflow's operators for some nodes: pool, queue, priority_weight, callbacks.

    Args:
        match: ids of nodes, with `*` and `?`.
        execution: where these nodes run, instead of where the others do.
    """

    match: str = "*"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    execution: ExecutionConfig | None = None

    def fits(self, node_id: str) -> bool:
        """Return True if this configuration applies to a node."""
        return fnmatch.fnmatchcase(node_id, self.match)
