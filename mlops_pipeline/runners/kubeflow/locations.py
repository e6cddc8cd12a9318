"""Locations that the pods of a package share: its store, its root, and folders that models go to.

A pod has a file system of its own, which is gone with it. What lies there is found by no other pod.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.ir import Literal, NodeIR, RunParameter
from mlops_pipeline.runners.kubeflow.package import Package
from mlops_pipeline.store import NOTHING

VARIABLES = {"MLOPS_STORE": "--store", "MLOPS_ROOT": "--root"}
"""Variables that name the store and the root to a pod, and the flags that set them."""

DESTINATION = "push_destination"
"""Parameter of a Pusher: the folder that models are served from."""


def check_locations(
    package: Package,
    parameters: Mapping[str, Any] = NOTHING,
    *,
    nodes: Iterable[str] | None = None,
    in_image: bool = False,
) -> None:
    """Refuse a run of a package whose pods would not meet, or would push a model to themselves.

    Args:
        parameters: the run parameters that are given.
        nodes: ids of those that run; None for all.
        in_image: the image names store and root, so that the package need not.

    Raises:
        SettingsError: store or root are not named, or a model is pushed into a pod.
    """
    documents = package.documents
    environment = _environment(documents)
    missing = [flag for name, flag in VARIABLES.items() if name not in environment]
    if missing and not in_image:
        raise SettingsError(
            f"{' and '.join(missing)} of the pods {'is' if len(missing) == 1 else 'are'} not "
            "named, so each pod would have its own",
            hint=f"name what all pods reach, as in {_EXAMPLE}; "
            "with --locations-in-image the image or a secret names them",
        )
    shared = [*_mounts(documents), environment.get("MLOPS_ROOT", "")]
    values = {each.name: each.default for each in package.ir.parameters} | dict(parameters)
    running = set(nodes) if nodes is not None else {node.id for node in package.ir.nodes}
    for node in (node for node in package.ir.nodes if node.id in running):
        folder = _destination(node, values)
        if folder and not any(_is_within(folder, each) for each in shared):
            raise SettingsError(
                f"{node.id} would push to {folder}, which lies in its pod and is gone with it",
                hint="name a folder of a volume that --customize mounts",
            )


def store_of(package: Package) -> str:
    """Return the URL of the store that the pods of a package use; empty if it does not say so."""
    return _environment(package.documents).get("MLOPS_STORE", "")


_EXAMPLE = "--store mysql://mlmd@db/mlmd --root s3://bucket/artifacts"


def _environment(documents: list[dict[str, Any]]) -> dict[str, str]:
    """Return the variables of the first pod; those from secrets without their values."""
    container = documents[0]["deploymentSpec"]["executors"]["exec-begin"]["container"]
    found = {each["name"]: each.get("value", "") for each in container.get("env", ())}
    for pod in _pods(documents):
        for kind in ("secretAsEnv", "configMapAsEnv"):
            for source in pod.get(kind, ()):
                found |= {each["envVar"]: "" for each in source.get("keyToEnv", ())}
    return found


def _mounts(documents: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the folders in which pods have volumes that outlive them."""
    for pod in _pods(documents):
        for kind, given in pod.items():
            if kind.startswith(("emptyDir", "genericEphemeral")) or not isinstance(given, list):
                continue
            yield from (each["mountPath"] for each in given if each.get("mountPath"))


def _pods(documents: list[dict[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for document in documents[1:]:
        yield from document["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values()


def _destination(node: NodeIR, values: Mapping[str, Any]) -> str:
    """Return the folder that a node pushes to; empty if there is none, or only a run knows it."""
    for parameter in node.parameters:
        if parameter.name == DESTINATION:
            given = parameter.value
            if isinstance(given, Literal):
                return _folder_of(given.value)
            if isinstance(given, RunParameter):
                return _folder_of(values.get(given.name))
    return ""


def _folder_of(destination: Any) -> str:
    """Return the folder of a push destination: a text, or as TFX writes it."""
    if isinstance(destination, str):
        return destination
    try:
        return str(destination["filesystem"]["base_directory"])
    except (KeyError, TypeError):
        return ""


def _is_within(folder: str, outer: str) -> bool:
    return bool(outer) and PurePosixPath(folder).is_relative_to(outer)
