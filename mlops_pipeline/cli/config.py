"""`mlops config`: the settings, and the origin of each."""

from __future__ import annotations

import click

from mlops_pipeline.cli.output import echo, json_option, screen, warn, write, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.inspection import Table, lines, one_line
from mlops_pipeline.settings import Settings, describe_setting
from mlops_pipeline.uris import without_password


@click.command()
@json_option
@project_options
def config(project: Project, as_json: bool) -> None:
    """Show the settings, and the origin of each.

    A flag wins over the environment (MLOPS_STORE), that over mlops.toml, that over the default.
    """
    resolved = project.resolved
    names = Settings.__struct_fields__
    if as_json:
        found = {
            name: {"value": _shown(getattr(resolved.values, name)), "from": resolved.origins[name]}
            for name in names
        }
        write_json({"project": str(resolved.project), "settings": found})
        return
    for warning in resolved.warnings:
        warn(warning)
    echo(f"project {resolved.project}\n")
    rows = [
        (
            name,
            _value(getattr(resolved.values, name)),
            resolved.origins[name],
            describe_setting(name),
        )
        for name in names
    ]
    heading = ("setting", "value", "from", "meaning")
    write(lines(Table(heading, rows, tails=frozenset({"value", "from"})), screen()))


def _shown(value: object) -> object:
    return without_password(value) if isinstance(value, str) else value


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "-"
    return one_line(without_password(str(value)), 200) if value != "" else "-"
