"""`mlops compile`: a pipeline as IR, or as a file for Kubeflow or Vertex AI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mlops_pipeline import ir
from mlops_pipeline.cli.output import json_option, write_json
from mlops_pipeline.cli.package import (
    kubeflow_options,
    package_options,
    refuse_package_flags,
)
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.cli.run import compile_loudly, load, pipeline_argument
from mlops_pipeline.errors import CompileError
from mlops_pipeline.runners.kubeflow import to_vertex, to_yaml


@click.command("compile")
@pipeline_argument
@click.option("-o", "--output", metavar="FILE", help="Write here  [default: standard output]")
@click.option(
    "--to",
    "target",
    type=click.Choice(["ir", "kubeflow", "vertex"]),
    default="ir",
    show_default=True,
    help="The IR, or a PipelineSpec for Kubeflow Pipelines v2 or Vertex AI.",
)
@package_options
@json_option
@project_options
def compile_(
    project: Project,
    pipeline: str | None,
    output: str | None,
    target: str,
    as_json: bool,
    **flags: Any,
) -> None:
    """Compile a pipeline to a file.

    The file is its IR (JSON), or with --to the file that Kubeflow or Vertex AI takes. The same
    pipeline gives the same bytes. Without PIPELINE, compiles the pipeline of the
    current project. With --json and -o, prints the facts about the file.
    """
    loaded = load(project, pipeline)
    compiled = compile_loudly(loaded)
    if target == "kubeflow":
        data = to_yaml(compiled, kubeflow_options(project, loaded, flags)).encode()
    elif target == "vertex":
        data = to_vertex(compiled, kubeflow_options(project, loaded, flags)).encode()
    else:
        refuse_package_flags(flags, "add --to kubeflow, or leave it out")
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
            # The IR names no folder of this machine, so its caller has to give the folder.
            click.echo(f"to run its nodes elsewhere, add --base-dir {loaded.base_dir}")
