"""`mlops metadata copy`: the store in another database."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_pipeline.cli.copy_progress import copy_progress
from mlops_pipeline.cli.output import echo, json_option, screen, write, write_json
from mlops_pipeline.errors import NotFoundError, StoreError
from mlops_pipeline.inspection import Table, lines
from mlops_pipeline.settings import absolute_store
from mlops_pipeline.uris import without_password


@click.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@json_option
def copy(source: str, target: str, as_json: bool) -> None:
    """Copy the store FROM into the database TO.

    Both are URLs, or files. TO is made where it is missing; it has to be empty, or a copy of FROM
    that was stopped, which goes on. All tables are compared at the end.
    """
    from mlops_pipeline.store import copy_store, file_of, is_there, make_store_folder

    source, target = (absolute_store(each, Path.cwd()) for each in (source, target))
    if not is_there(source):
        raise NotFoundError(f"there is no store {without_password(source)}", hint="check the name")
    files = [file_of(each) for each in (source, target)]
    if source == target or (files[0] and files[1] and files[0].resolve() == files[1].resolve()):
        raise StoreError(
            f"{without_password(target)} is the store itself", hint="name another one to copy to"
        )
    make_store_folder(target)
    with copy_progress() as told:
        done = copy_store(source, target, told)
    if as_json:
        write_json(done)
        return
    heading = ("table", "rows", "new", "digest")
    rows = [(each.table, str(each.rows), str(each.new), each.digest[:12]) for each in done]
    write(lines(Table(heading, rows, right=frozenset({"rows", "new"})), screen()))
    new = sum(each.new for each in done)
    what = f"{new} rows copied" if new else "nothing was new"
    echo(f"{what}: {without_password(target)} is the same as {without_password(source)}")
