"""`mlops metadata fsck`: what does not fit in the store."""

from __future__ import annotations

from collections.abc import Sequence

import click

from mlops_pipeline.cli.output import echo, json_option, screen, warn, write, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.inspection import Table, lines
from mlops_pipeline.store import StoreCheck
from mlops_pipeline.uris import without_password


@click.command()
@click.option(
    "--repair",
    is_flag=True,
    help="Remove the events, properties and links that belong to records which are gone.",
)
@json_option
@project_options
def fsck(project: Project, repair: bool, as_json: bool) -> None:
    """Check that all that the store holds fits together.

    Looks at the pages of a store in a file, at rows that lead nowhere, at executions that run
    without a process, and at live artifacts under the root without files. Exit code 1 if anything
    does not fit, and is not removed. It reads all of the store, and may run beside others.
    """
    from mlops_pipeline.inspection import check_records
    from mlops_pipeline.store import check_tables

    project.require_store()
    url = project.settings.store
    checks = check_tables(url, repair=repair)
    damaged = not checks[0].table and checks[0].misfits > 0
    if not damaged:
        _refuse_empty(checks, without_password(url))
        checks += check_records(url, project.settings.root, project.settings.lease)
    left = [each for each in checks if each.left]
    if as_json:
        write_json({"store": without_password(url), "checks": [_data(each) for each in checks]})
    else:
        _report(checks, left)
    if damaged:
        hint = "restore it from a backup; nothing else was checked"
        warn("the file of the store is damaged", hint=hint)
    elif any(each.removable for each in left):
        warn("rows lead nowhere", hint="remove them with `mlops metadata fsck --repair`")
    if left:
        raise click.exceptions.Exit(1)


def _refuse_empty(checks: Sequence[StoreCheck], name: str) -> None:
    """Refuse to call a store sound in which there is nothing.

    Raises:
        NotFoundError: no run, execution or artifact is recorded, nor anything of them.
    """
    if not any(each.rows for each in checks if each.table and "Type" not in each.table):
        raise NotFoundError(
            f"nothing is recorded in {name}, so that nothing was checked",
            hint="run a pipeline with `mlops run`, or name the right store with --store",
        )


def _report(checks: Sequence[StoreCheck], left: Sequence[StoreCheck]) -> None:
    heading = ("check", "rows", "misfits", "removed", "first")
    rows = [
        (
            each.name,
            str(each.rows) if each.rows else "none",
            str(each.misfits) if each.rows else "-",
            str(each.removed) if each.misfits else "",
            ", ".join(each.first),
        )
        for each in checks
    ]
    numbers = frozenset({"rows", "misfits", "removed"})
    write(lines(Table(heading, rows, right=numbers), screen()))
    removed = sum(each.removed for each in checks)
    if removed:
        echo(f"{removed} row{'' if removed == 1 else 's'} removed")
    misfits = sum(each.left for each in left)
    echo(f"{misfits} misfit{'' if misfits == 1 else 's'}" if misfits else "all of it fits")


def _data(check: StoreCheck) -> dict[str, object]:
    return {
        "check": check.name,
        "table": check.table,
        "rows": check.rows,
        "misfits": check.misfits,
        "removed": check.removed,
        "removable": check.removable,
        "first": check.first,
    }
