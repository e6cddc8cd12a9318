"""`mlops metadata serve`: a metadata store for other machines."""

from __future__ import annotations

import contextlib
import importlib
import signal
from typing import Any

import click

from mlops_pipeline.cli.output import echo
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.errors import StoreError
from mlops_pipeline.uris import without_password

SERVER = "mlops_metadata.server.grpc_server"
"""Module of the server, imported when it is used: the framework knows stores by name only."""


@click.group()
def metadata() -> None:
    """Serve the metadata store to other machines."""


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
@project_options
def serve(
    project: Project, host: str, port: int, tls_cert: str, tls_key: str, tls_client_ca: str
) -> None:
    """Serve the store over gRPC until Ctrl-C or SIGTERM.

    It is the gRPC service of ML Metadata: other machines use `--store grpc://HOST:PORT`, or any
    client of ML Metadata. Clients give the token in $MLOPS_METADATA_TOKEN, or a certificate;
    without either, the server listens on this machine only.
    """
    from mlops_pipeline.store import make_store_folder

    try:
        module: Any = importlib.import_module(SERVER)
    except ModuleNotFoundError as error:
        raise StoreError(
            f"the package {error.name} is not installed", hint="install mlops-pipeline[local]"
        ) from None
    make_store_folder(project.settings.store)
    server = module.serve(
        project.settings.store,
        host=host,
        port=port,
        certificate=tls_cert,
        key=tls_key,
        client_ca=tls_client_ca,
    )
    # SIGTERM ends a service or a container; treat it like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    echo(f"serving {without_password(project.settings.store)} at {server.url}")
    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.wait()
    finally:
        server.stop()
