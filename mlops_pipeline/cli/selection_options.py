"""Flags that select the nodes of a run, for every command that starts one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from mlops_pipeline.run_state import Selection

Command = TypeVar("Command", bound=Callable[..., Any])


def choice_options(command: Command) -> Command:
    """Add `--from`, `--to`, `--only` and `--base-run`, named as a `Selection`'s fields."""
    for option in (
        click.option(
            "--base-run", metavar="RUN", default="", help="Earlier run to take other results from."
        ),
        click.option(
            "--only", multiple=True, metavar="NODE", help="Run only this node; repeatable."
        ),
        click.option(
            "--to",
            "to_nodes",
            multiple=True,
            metavar="NODE",
            help="Stop after this node; repeatable.",
        ),
        click.option(
            "--from",
            "from_nodes",
            multiple=True,
            metavar="NODE",
            help="Start at this node; repeatable.",
        ),
    ):
        command = option(command)
    return command


force_option = click.option("--force", is_flag=True, help="Run nodes even if nothing changed.")


def read_selection(flags: Mapping[str, Any], *, force: bool = False) -> Selection:
    """Return the selection that the flags make."""
    names = ("from_nodes", "to_nodes", "only", "base_run")
    return Selection(**{name: flags[name] for name in names}, force=force)
