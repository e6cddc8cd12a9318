"""Flags for compiling a pipeline for Kubeflow, shared by several commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mlops_pipeline.authoring import Loaded
from mlops_pipeline.cli.project import Project
from mlops_pipeline.cli.run import compile_loudly, load
from mlops_pipeline.errors import SettingsError
from mlops_pipeline.runners.kubeflow import (
    ENDINGS,
    KubeflowOptions,
    Package,
    make_package,
    read_package,
)
from mlops_pipeline.user_code import load_target

Command = TypeVar("Command", bound=Callable[..., Any])

_FLAGS = ("image", "image_dir", "env", "secret", "customize")


def package_options(command: Command) -> Command:
    """Add the flags for running a pipeline on Kubeflow."""
    for option in (
        click.option(
            "--customize",
            default="",
            metavar="MODULE:NAME",
            help="Kubeflow: a dict of functions by node id, which set up pods.",
        ),
        click.option(
            "--secret",
            multiple=True,
            metavar="NAME=SECRET/KEY",
            help="Kubeflow: the Kubernetes secret that holds a secret of the pipeline.",
        ),
        click.option(
            "--env", multiple=True, metavar="NAME=VALUE", help="Kubeflow: a variable of all pods."
        ),
        click.option(
            "--image-dir", default="", metavar="DIR", help="Kubeflow: base folder in the image."
        ),
        click.option(
            "--image", default="", metavar="IMAGE", help="Kubeflow: the image of all pods."
        ),
    ):
        command = option(command)
    return command


def load_package(project: Project, source: str | None, flags: dict[str, Any]) -> Package:
    """Read the compiled file that a command names, or compile its pipeline now."""
    if source and source.endswith(ENDINGS):
        project.begin_at(source)
        for name in ("store", "root"):
            if project.flag(name):
                raise _compiled_before(name)
        refuse_package_flags(flags, "compile the pipeline again with it")
        return read_package(Path(source))
    loaded = load(project, source)
    return make_package(compile_loudly(loaded), kubeflow_options(project, loaded, flags))


def kubeflow_options(project: Project, loaded: Loaded, flags: dict[str, Any]) -> KubeflowOptions:
    """Return the options for Kubeflow that the flags give.

    Raises:
        SettingsError: one is missing or not understood.
    """
    if not flags["image"]:
        raise SettingsError(
            "Kubeflow runs nodes in containers, and no image is named",
            hint="name one that holds mlops-pipeline and the pipeline's modules with --image",
        )
    customize = {}
    if flags["customize"]:
        customize = load_target(flags["customize"], (str(Path.cwd()), *loaded.import_paths))
        if not isinstance(customize, dict):
            raise SettingsError(
                f"--customize: {flags['customize']} is no dict",
                hint='give {"node id": function}, where the function takes a task',
            )
    secrets = {}
    for text in flags["secret"]:
        name, value = _pair("--secret", text, "NAME=SECRET/KEY")
        secret, slash, key = value.partition("/")
        if not slash:
            raise SettingsError(f"--secret {text} names no key", hint="write NAME=SECRET/KEY")
        secrets[name] = (secret, key)
    return KubeflowOptions(
        image=flags["image"],
        store=project.flag("store"),
        root=project.flag("root"),
        base_dir=flags["image_dir"] or ".",
        secrets=secrets,
        environment=dict(_pair("--env", text, "NAME=VALUE") for text in flags["env"]),
        customize=customize,
    )


def refuse_package_flags(flags: dict[str, Any], hint: str) -> None:
    """Refuse the flags of `package_options` where they would do nothing."""
    for name in _FLAGS:
        if flags[name]:
            raise SettingsError(f"--{name.replace('_', '-')} does nothing here", hint=hint)


def _compiled_before(name: str) -> SettingsError:
    return SettingsError(
        f"--{name} does nothing here: it is in the package",
        hint="compile the pipeline again with it",
    )


def _pair(flag: str, text: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise SettingsError(f"{flag} {text} is not understood", hint=f"write {form}")
    return name, value
