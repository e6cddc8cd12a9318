"""`mlops init`: a new project that runs."""

from __future__ import annotations

import keyword
import re
import shlex
import shutil
from importlib.resources import as_file, files
from pathlib import Path

import click

from mlops_pipeline.cli.output import json_option, screen, write, write_json
from mlops_pipeline.errors import ParameterError
from mlops_pipeline.inspection import command_lines
from mlops_pipeline.uris import with_home

PLACEHOLDER = "my_project"


@click.command()
@click.argument("folder", default=".")
@click.option("--name", metavar="NAME", help="Name of the pipeline  [default: the folder's]")
@json_option
def init(folder: str, name: str | None, as_json: bool) -> None:
    """Create a small project that runs.

    Writes a pipeline, its data and its tests into FOLDER, and creates the folder if it does not
    exist. Existing files are never overwritten.
    """
    target = with_home(folder)
    chosen = pipeline_name(name or target.absolute().name)
    try:
        written = copy_template(target, chosen)
    except OSError as error:
        raise ParameterError(
            f"cannot write to {target}: {(error.strerror or str(error)).lower()}",
            hint="choose another folder",
        ) from None
    if as_json:
        write_json({"folder": str(target), "pipeline": chosen, "files": written})
        return
    here = screen()
    write([f"{here.paint(chosen, 'bold')} in {target}: {', '.join(written)}", "", "next:"])
    # Without the path, if the user is in the folder already.
    where = "." if target.absolute() == Path.cwd() else shlex.quote(str(target))
    commands = [
        (f"mlops run {where}", "run it"),
        (f"mlops plan {where}", "show what would run now, and why"),
        (f"pytest {where}", "test it"),
    ]
    write(command_lines(commands, here))


def pipeline_name(text: str) -> str:
    """Turn a text into a Python identifier.

    Raises:
        ParameterError: the text has no letter or digit to make one of.
    """
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_").lower()
    if name[:1].isdigit():
        name = f"p{name}"
    if keyword.iskeyword(name):
        name = f"{name}_pipeline"
    if not name:
        raise ParameterError(
            f"{text!r} cannot be made into a pipeline's name", hint="give one with --name"
        )
    return name


def copy_template(target: Path, name: str) -> list[str]:
    """Copy the template into a folder, with the pipeline's name filled in.

    Raises:
        ParameterError: a file of the template exists already; then nothing is written.
    """
    with as_file(files("mlops_pipeline") / "template") as template:
        sources = sorted(
            path
            for path in template.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        )
        names = [str(path.relative_to(template)) for path in sources]
        taken = [each for each in names if (target / each).exists()]
        if taken:
            raise ParameterError(
                f"{target} already has a {taken[0]}", hint="choose an empty folder"
            )
        for source, relative in zip(sources, names, strict=True):
            goal = target / relative
            goal.parent.mkdir(parents=True, exist_ok=True)
            if source.suffix in (".py", ".md", ".toml"):
                text = source.read_text(encoding="utf-8").replace(PLACEHOLDER, name)
                goal.write_text(text, encoding="utf-8")
            else:
                shutil.copyfile(source, goal)
    return names
