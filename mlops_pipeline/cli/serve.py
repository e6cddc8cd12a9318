"""`mlops serve`: models over HTTP."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_pipeline.cli.output import echo, json_option, warn, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.errors import SettingsError
from mlops_pipeline.listening import LOOPBACK, Address, listen, read_token
from mlops_pipeline.request_log import LogOptions, LogPolicy, read_log_policy
from mlops_pipeline.serving.models import BatchOptions, ModelSource, ProcessLimits, ServingOptions

if TYPE_CHECKING:
    from mlops_pipeline.serving import LogPlan, ServerPlan

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")

_SECONDS = click.FloatRange(0, min_open=True)
_NUMBER = click.IntRange(0)


@click.command()
@click.argument("models", metavar="[NAME=]FOLDER...", nargs=-1)
@click.option(
    "--registered", multiple=True, metavar="MODEL", help="Serve what was pushed of this model."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8501,
    show_default=True,
    help="Port to listen on; 0 takes any that is free.",
)
@click.option(
    "--grpc-port", type=click.IntRange(0, 65535), default=0, help="Port for gRPC; 0 for none."
)
@click.option("--predict", default="", metavar="MODULE:NAME", help="Serve a function.")
@click.option("--loader", default="", metavar="MODULE:NAME", help="Load models by this function.")
@click.option(
    "--keep", type=click.IntRange(1), default=1, help="Serve the newest so many versions."
)
@click.option("--version", "only", type=_NUMBER, multiple=True, help="Serve this version only.")
@click.option("--table", type=click.Path(path_type=Path), help="File of the routing table.")
@click.option(
    "--log", "log_folder", type=click.Path(path_type=Path), help="Folder of the request log."
)
@click.option(
    "--log-policy", type=click.Path(path_type=Path), help="TOML file that says what is logged."
)
@click.option(
    "--log-seconds", type=_SECONDS, default=10.0, help="Time after which what is logged is written."
)
@click.option("--log-sample", type=click.FloatRange(0, 1), help="Share of the keys to log.")
@click.option("--poll", type=_SECONDS, default=1.0, help="Seconds between looks at the folders.")
@click.option(
    "--allowed-host", "names", multiple=True, metavar="NAME", help="A name of this server."
)
@click.option("--token-file", default="", metavar="FILE", help="Ask for the token in this file.")
@click.option("--tls-cert", default="", metavar="FILE", help="Certificate, for HTTPS.")
@click.option("--tls-key", default="", metavar="FILE", help="Key of the certificate.")
@click.option("--max-batch", type=click.IntRange(1), default=128, help="Rows of a batch.")
@click.option("--max-delay", type=click.FloatRange(0), default=0.0, help="Seconds to fill a batch.")
@click.option("--max-waiting", type=click.IntRange(1), default=256, help="Requests that may wait.")
@click.option("--max-body", type=click.IntRange(1), default=16 * 2**20, help="Bytes of a request.")
@click.option("--request-seconds", type=_SECONDS, default=30.0, help="Time of a request.")
@click.option("--body-seconds", type=_SECONDS, default=20.0, help="Time for it to arrive.")
@click.option("--hang-seconds", type=_SECONDS, default=10.0, help="Time of a batch in a model.")
@click.option("--load-seconds", type=_SECONDS, default=300.0, help="Time to load a model.")
@click.option("--memory-mb", type=_NUMBER, default=0, help="Replace a process that has more.")
@click.option("--max-requests", type=_NUMBER, default=0, help="Replace a process after so many.")
@click.option("--max-age", type=click.FloatRange(0), default=0.0, help="Replace one so old.")
@click.option("--finite", is_flag=True, help="Take NaN and infinity for a failure of the model.")
@click.option("--no-spare", is_flag=True, help="Keep no warm process in reserve.")
@click.option("--verbose", is_flag=True, help="Log what the models print, too.")
@json_option
@project_options
def serve(project: Project, models: tuple[str, ...], as_json: bool, **chosen: Any) -> None:
    """Serve models over HTTP, as TensorFlow Serving does.

    FOLDER holds the versions of a model as numbered subfolders, as Pusher makes them; its own name
    is that of the model, unless another one is given. New versions are taken up as they come. With
    --registered, the folder is the one that a registered model was pushed to.
    """
    models += tuple(_registered(project, name) for name in chosen["registered"])
    if not models:
        raise SettingsError(
            "no model is named", hint="name its folder, or a registered model with --registered"
        )
    address = Address(chosen["host"], chosen["port"], chosen["names"])
    plan = _plan(models, address, chosen)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if chosen["verbose"] else logging.WARNING,
        format="%(levelname)s %(message)s",
    )
    with listen(address) as sock:
        scheme = "https" if plan.certificate else "http"
        port = sock.getsockname()[1]
        host = f"[{address.host}]" if ":" in address.host else address.host
        names, url = [source.name for source in plan.sources], f"{scheme}://{host}:{port}"
        if as_json:
            write_json({"models": names, "url": url, "grpc": plan.grpc_address})
        else:
            echo(f"serving {', '.join(names)} at {url}/v1/models  (Ctrl-C ends)")
        from mlops_pipeline.serving import run_server

        run_server(plan, sock)
        if not as_json:
            echo("ended")


def _registered(project: Project, name: str) -> str:
    """Return a registered model as NAME=FOLDER."""
    from mlops_pipeline.deployment import served_folder

    return f"{name}={served_folder(project.existing_store, name)}"


def _plan(models: tuple[str, ...], address: Address, chosen: dict[str, Any]) -> ServerPlan:
    try:
        from mlops_pipeline.serving import ServerPlan, WebOptions, check_certificate
    except ImportError as error:
        raise SettingsError(
            f"`mlops serve` needs {error.name}, which is not installed",
            hint="pip install 'mlops-pipeline[serve]'",
        ) from None
    certificate = _certificate(chosen["tls_cert"], chosen["tls_key"])
    if certificate:
        check_certificate(certificate)
    if not address.is_loopback and not chosen["token_file"]:
        raise SettingsError(
            f"without a token, everybody who reaches {address.host} could ask the models",
            hint="give --token-file, or leave out --host",
        )
    token = read_token(chosen["token_file"]) if chosen["token_file"] else ""
    # Without a token, no page on the web may get here under a name of its own.
    hosts = address.hosts | LOOPBACK if not token or chosen["names"] else frozenset()
    return ServerPlan(
        _sources(models, chosen),
        _options(chosen),
        WebOptions(
            token,
            hosts,
            max_body=chosen["max_body"],
            body_seconds=chosen["body_seconds"],
            request_seconds=chosen["request_seconds"],
        ),
        chosen["table"],
        chosen["poll"],
        certificate,
        grpc_address=_grpc_address(address, chosen["grpc_port"]),
        log=_log(chosen),
    )


def _log(chosen: dict[str, Any]) -> LogPlan | None:
    folder, policy, sample = (chosen[n] for n in ("log_folder", "log_policy", "log_sample"))
    if folder is None:
        if policy is not None or sample is not None:
            raise SettingsError("there is no log to write", hint="name its folder with --log")
        return None
    if importlib.util.find_spec("pyarrow") is None:
        raise SettingsError(
            "--log needs pyarrow, which is not installed", hint="pip install pyarrow"
        )
    found = read_log_policy(policy) if policy else LogPolicy()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"the request log cannot be written to {folder}: {error.strerror}",
            hint="name a folder of yours with --log",
        ) from None
    found = found if sample is None else replace(found, sample=sample)
    return folder, found, LogOptions(seconds=chosen["log_seconds"])


def _grpc_address(address: Address, port: int) -> str:
    if not port:
        return ""
    for name in ("grpc", "google.protobuf"):
        try:
            importlib.import_module(name)
        except ImportError:
            raise SettingsError(
                f"--grpc-port needs {name}, which is not installed",
                hint="pip install grpcio protobuf",
            ) from None
    with listen(Address(address.host, port)):
        return f"{address.host}:{port}"


def _certificate(certificate: str, key: str) -> tuple[str, str] | None:
    if bool(certificate) != bool(key):
        raise SettingsError("a certificate and its key go together", hint="give both, or neither")
    return (certificate, key) if certificate else None


def _options(chosen: dict[str, Any]) -> ServingOptions:
    limits = ProcessLimits(
        load_seconds=chosen["load_seconds"],
        request_seconds=chosen["hang_seconds"],
        memory_mb=chosen["memory_mb"],
        max_requests=chosen["max_requests"],
        max_age=chosen["max_age"],
    )
    batching = BatchOptions(chosen["max_batch"], chosen["max_delay"], chosen["max_waiting"])
    return ServingOptions(
        limits, batching, chosen["finite"], not chosen["no_spare"], (str(Path.cwd()),)
    )


def _sources(models: tuple[str, ...], chosen: dict[str, Any]) -> list[ModelSource]:
    if chosen["predict"] and chosen["loader"]:
        raise SettingsError("--predict and --loader say the same", hint="give one of them")
    loader, options = chosen["loader"], {}
    if chosen["predict"]:
        loader = "mlops_components.serving.functions:load_function"
        options = {"predict": chosen["predict"]}
    for given in filter(None, (chosen["predict"], chosen["loader"])):
        if not re.fullmatch(r"[\w.]+:[\w.]+", given):
            raise SettingsError(f"{given!r} is no function", hint="write module:name")
    sources: dict[str, ModelSource] = {}
    for given in models:
        name, folder = _named(given)
        if name in sources:
            raise SettingsError(
                f"two models are called {name}", hint="name one of them: NAME=FOLDER"
            )
        sources[name] = ModelSource(
            name, folder, loader, options, chosen["keep"], frozenset(chosen["only"])
        )
    return list(sources.values())


def _named(given: str) -> tuple[str, Path]:
    name, equals, path = given.partition("=")
    folder = Path(path if equals else given).expanduser().absolute()
    name = name if equals else folder.name
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"{name!r} is no name for a model", hint="write NAME=FOLDER, with letters and digits"
        )
    if not folder.is_dir():
        raise SettingsError(
            f"there is no folder {folder}", hint="name the folder that Pusher pushes to"
        )
    if not any(each.name.isdigit() for each in folder.iterdir() if each.is_dir()):
        warn(f"{folder} holds no version yet", hint="a version is a subfolder with a number")
    return name, folder
