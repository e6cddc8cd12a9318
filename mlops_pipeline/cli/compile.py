"""`mlops compile`: a pipeline as IR."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mlops_pipeline import ir
from mlops_pipeline.calling import load_target
from mlops_pipeline.cli.output import json_option, write_json
from mlops_pipeline.cli.place import Place, place_options
from mlops_pipeline.cli.run import compile_loudly, load
from mlops_pipeline.errors import CompileError, SettingsError
from mlops_pipeline.loading import Loaded
from mlops_pipeline.runners.kubeflow.options import KubeflowOptions
from mlops_pipeline.runners.kubeflow.spec import to_yaml


@click.command("compile")
@click.argument("pipeline", type=click.Path())
@click.option("-o", "--output", metavar="FILE", help="Write here  [default: standard output]")
@click.option(
    "--to",
    "target",
    type=click.Choice(["ir", "kubeflow"]),
    default="ir",
    show_default=True,
    help="IR, or a PipelineSpec for Kubeflow Pipelines v2.",
)
@click.option("--image", default="", metavar="IMAGE", help="Kubeflow: the image of all pods.")
@click.option("--image-dir", default=".", metavar="DIR", help="Kubeflow: base folder in the image.")
@click.option(
    "--env", multiple=True, metavar="NAME=VALUE", help="Kubeflow: a variable of all pods."
)
@click.option(
    "--secret",
    multiple=True,
    metavar="NAME=SECRET/KEY",
    help="Kubeflow: the Kubernetes secret that holds a secret of the pipeline.",
)
@click.option(
    "--customize",
    default="",
    metavar="MODULE:NAME",
    help="Kubeflow: a dict of functions by node id, which set up pods.",
)
@json_option
@place_options
def compile_(
    place: Place, pipeline: str, output: str | None, target: str, as_json: bool, **flags: Any
) -> None:
    """Compile a pipeline to its IR, or to the file that Kubeflow takes.

    The same pipeline gives the same bytes. With --json and -o, what was written is printed.
    """
    loaded = load(place, pipeline)
    compiled = compile_loudly(loaded)
    if target == "kubeflow":
        data = to_yaml(compiled, _options(place, loaded, flags)).encode()
    else:
        _refuse_kubeflow(flags)
        data = ir.dump(compiled)
    if output is None:
        click.echo(data.decode(), nl=False)
        return
    file = Path(output)
    try:
        file.write_bytes(data)
    except OSError as error:
        raise CompileError(f"cannot write {file}: {error.strerror}", hint="check -o") from None
    if as_json:
        facts = {"file": str(file), "pipeline": compiled.name, "digest": ir.digest(compiled)}
        write_json({**facts, "nodes": len(compiled.nodes), "base_dir": str(loaded.base_dir)})
    else:
        click.echo(f"{file}: {compiled.name}, {len(compiled.nodes)} nodes")
        if target == "ir" and file.absolute().parent != loaded.base_dir:
            # The IR names no folder of this machine, so it has to be said where it is run.
            click.echo(f"its paths and modules start at {loaded.base_dir}: --base-dir of run-node")


def _options(place: Place, loaded: Loaded, flags: dict[str, Any]) -> KubeflowOptions:
    if not flags["image"]:
        raise SettingsError(
            "Kubeflow runs nodes in containers, and no image is named",
            hint="name one that holds mlops-pipeline and the pipeline's modules with --image",
        )
    customize = {}
    if flags["customize"]:
        customize = load_target(flags["customize"], loaded.import_paths)
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
        store=place.flag("store"),
        root=place.flag("root"),
        base_dir=flags["image_dir"],
        secrets=secrets,
        environment=dict(_pair("--env", text, "NAME=VALUE") for text in flags["env"]),
        customize=customize,
    )


def _pair(flag: str, text: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise SettingsError(f"{flag} {text} is not understood", hint=f"write {form}")
    return name, value


def _refuse_kubeflow(flags: dict[str, Any]) -> None:
    for name in ("image", "env", "secret", "customize"):
        if flags[name]:
            raise SettingsError(
                f"--{name} is for Kubeflow only", hint="add --to kubeflow, or leave it out"
            )
