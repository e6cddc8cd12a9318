"""`mlops metadata`: a metadata store for other machines, and its upkeep."""

from __future__ import annotations

import contextlib
import importlib
import signal
from typing import Any

import click

from mlops_pipeline.cli.metadata_backup import backup
from mlops_pipeline.cli.metadata_copy import copy
from mlops_pipeline.cli.metadata_fsck import fsck
from mlops_pipeline.cli.metadata_gc import gc
from mlops_pipeline.cli.output import echo, warn
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.errors import StoreError
from mlops_pipeline.uris import without_password

SERVER = "mlops_metadata.server.grpc_server"
"""Module of the server, imported when it is used: the framework knows stores by name only."""


@click.group()
def metadata() -> None:
    """Serve, back up, copy, check or clean the metadata store."""


metadata.add_command(backup)
metadata.add_command(copy)
metadata.add_command(fsck)
metadata.add_command(gc)


@metadata.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port to listen on; 0 for any free port.",
)
@click.option("--tls-cert", default="", metavar="FILE", help="Certificate for TLS, in PEM form.")
@click.option("--tls-key", default="", metavar="FILE", help="Key of the certificate.")
@click.option(
    "--tls-client-ca",
    default="",
    metavar="FILE",
    help="Require client certificates that one of these has signed.",
)
@click.option(
    "--allow-unauthenticated",
    is_flag=True,
    help="Let in clients that know neither token nor certificate, as Kubeflow's own: whoever "
    "reaches the port can read and change the whole store.",
)
@click.option(
    "--request-seconds",
    type=click.FloatRange(0.001, 3600),
    default=30.0,
    show_default=True,
    help="Most that the database may take for one request.",
)
@project_options
def serve(project: Project, host: str, port: int, **flags: Any) -> None:
    """Serve the store over gRPC until Ctrl-C or SIGTERM.

    It is the gRPC service of ML Metadata: other machines use `--store grpc://HOST:PORT`, or any
    client of ML Metadata. Clients give the token in $MLOPS_METADATA_TOKEN, or a certificate;
    without either, the server listens on this machine only, if not --allow-unauthenticated.
    """
    from mlops_pipeline.store import make_store_folder

    try:
        module: Any = importlib.import_module(SERVER)
    except ModuleNotFoundError as error:
        # It may be named as missing itself, or only one of the packages that it brings along.
        raise StoreError(
            f"serving a store needs ml-metadata, which is not installed (no module {error.name!r})",
            hint="pip install 'mlops-pipeline[mlmd]'",
        ) from None
    make_store_folder(project.settings.store)
    server = module.serve(
        project.settings.store,
        host=host,
        port=port,
        certificate=flags["tls_cert"],
        key=flags["tls_key"],
        client_ca=flags["tls_client_ca"],
        unauthenticated=flags["allow_unauthenticated"],
        seconds=flags["request_seconds"],
    )
    # SIGTERM ends a service or a container; treat it like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    store = without_password(project.settings.store)
    echo(f"serving {store} at {server.url}")
    if flags["allow_unauthenticated"]:
        warn(
            f"everyone who reaches {server.url} can read and change all records of {store}: "
            "keep others away, by a network policy or a firewall"
        )
    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.wait()
    finally:
        server.stop()
