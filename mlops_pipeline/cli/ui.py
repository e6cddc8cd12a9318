"""`mlops ui`: what the store knows, as web pages."""

from __future__ import annotations

import os
from typing import Any

import click

from mlops_pipeline.cli.output import echo, json_option, warn, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.errors import SettingsError
from mlops_pipeline.listening import Address, listen, read_token
from mlops_pipeline.store import MemoryStore, MetadataStore, file_of
from mlops_pipeline.ui.views import Reader, open_unchanged, plain, read_page, split_address
from mlops_pipeline.uris import without_password


@click.command()
@click.argument("page", default="")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8700,
    show_default=True,
    help="Port to listen on; 0 takes any that is free.",
)
@click.option(
    "--allowed-host",
    "names",
    metavar="NAME",
    multiple=True,
    help="A further name of this server, as behind a proxy.",
)
@click.option("--base-path", metavar="PATH", default="", help="Path that a proxy puts in front.")
@click.option("--files", metavar="DIR", multiple=True, help="Show artifacts of this folder, too.")
@click.option(
    "--token-file", metavar="FILE", default="", help="File with the token; made if missing."
)
@click.option("--no-token", is_flag=True, help="Ask for no token; on this machine only.")
@json_option
@project_options
def ui(project: Project, page: str, files: tuple[str, ...], as_json: bool, **chosen: Any) -> None:
    """Show runs, artifacts and lineage as web pages.

    PAGE is the address of a page, such as `run?id=last` or `models`; with --json its facts are
    printed, and no server is started.
    """
    name, query = split_address(page)
    roots = (project.settings.root, *(os.path.abspath(each) for each in files))  # noqa: PTH100
    place = without_password(project.settings.store)
    there = project.has_store
    if as_json:
        store = open_store_of(project) if there else MemoryStore()
        reader = Reader(store, place, there, roots, project.settings.lease)
        write_json(plain(read_page(reader, name, query)))
        return
    empty = Reader(MemoryStore(), place, False, roots, project.settings.lease)
    _serve(project, empty, page, **chosen)


def open_store_of(project: Project) -> MetadataStore:
    """Open the store of a project so that nothing of it is changed."""
    return open_unchanged(project.settings.store, project.settings.root)


def _stamp(project: Project) -> object | None:
    """Return what changes when the file of a store is replaced; None while there is no store."""
    if not project.has_store:
        return None
    file = file_of(project.settings.store)
    try:
        facts = file.stat() if file else None
    except OSError:
        return "unreachable"
    return (facts.st_dev, facts.st_ino) if facts else "elsewhere"


def _serve(project: Project, empty: Reader, page: str, **chosen: Any) -> None:
    """Listen, print the address, and serve until Ctrl-C."""
    try:
        from mlops_pipeline.ui import LateStore, base_path, serve, url_of
    except ImportError as error:
        raise SettingsError(
            f"`mlops ui` needs {error.name}, which is not installed",
            hint="pip install 'mlops-pipeline[ui]'",
        ) from None
    base = base_path(chosen["base_path"])
    address = Address(chosen["host"], chosen["port"], chosen["names"], base)
    if chosen["no_token"] and not address.is_loopback:
        raise SettingsError(
            f"--no-token would show all to everybody who reaches {address.host}",
            hint="leave out --no-token, or --host",
        )
    token = "" if chosen["no_token"] else read_token(chosen["token_file"])
    late = LateStore(empty, lambda: _stamp(project), lambda: open_store_of(project))
    if not late().there:
        warn(f"nothing is recorded yet in {empty.place}", hint="the pages show the first run of it")
    with listen(address) as sock:
        url = url_of(address, sock.getsockname()[1], token, page)
        echo(f"pages at {url}  (Ctrl-C ends)")
        try:
            serve(late, address, sock, token)
        except KeyboardInterrupt:
            echo("ended")
