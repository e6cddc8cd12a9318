"""Flags that say what a run on a scheduler is about, beside its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from mlops_pipeline.choice import BASE, FORCE, FROM, ONLY, RESERVED, TO

Command = TypeVar("Command", bound=Callable[..., Any])


def choice_options(command: Command) -> Command:
    """Add the flags for the reserved parameters, under their names."""
    for option in (
        click.option("--force", FORCE, is_flag=True, help="Run nodes even if nothing changed."),
        click.option(
            "--base-run", BASE, default="", metavar="RUN", help="Run to take other results from."
        ),
        click.option("--only", ONLY, multiple=True, metavar="NODE", help="Run this node only."),
        click.option("--to", TO, multiple=True, metavar="NODE", help="Run up to this node."),
        click.option("--from", FROM, multiple=True, metavar="NODE", help="Run from this node on."),
    ):
        command = option(command)
    return command


def reserved_values(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The reserved parameters that were given; the others are left to the scheduler's defaults."""
    given = {name: flags[name] for name in RESERVED if flags[name]}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in given.items()}
