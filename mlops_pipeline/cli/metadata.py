"""`mlops metadata serve`: a metadata store for other machines."""

from __future__ import annotations

import contextlib
import importlib
import signal
from typing import Any

import click

from mlops_pipeline.cli.place import Place, place_options
from mlops_pipeline.errors import StoreError

SERVER = "mlops_metadata.server"
"""Looked for when it is used: the framework knows no store but by name."""


@click.group()
def metadata() -> None:
    """Serve the metadata store to other machines."""


@metadata.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="0 for any that is free.")
@click.option("--tls-cert", default="", metavar="FILE", help="Certificate for TLS, in PEM form.")
@click.option("--tls-key", default="", metavar="FILE", help="Its key.")
@click.option(
    "--tls-client-ca",
    default="",
    metavar="FILE",
    help="Ask clients for a certificate that one of these has signed.",
)
@place_options
def serve(
    place: Place, host: str, port: int, tls_cert: str, tls_key: str, tls_client_ca: str
) -> None:
    """Serve the store by the gRPC service of ML Metadata, until Ctrl-C or SIGTERM.

    Clients are `--store grpc://HOST:PORT`, and any other of ML Metadata. $MLOPS_METADATA_TOKEN is
    what they have to give, or a certificate; without either, only this machine can be listened on.
    """
    from mlops_pipeline.stores import make_place

    try:
        module: Any = importlib.import_module(SERVER)
    except ModuleNotFoundError as error:
        raise StoreError(
            f"the package {error.name} is not installed", hint="install mlops-pipeline[local]"
        ) from None
    make_place(place.settings.store)
    server = module.serve(
        place.settings.store,
        host=host,
        port=port,
        certificate=tls_cert,
        key=tls_key,
        client_ca=tls_client_ca,
    )
    # What ends a service or a container is as good as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    click.echo(f"serving {place.settings.store} at {server.url}")
    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.wait()
    finally:
        server.stop()
