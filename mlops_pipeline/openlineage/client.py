"""The official client, as far as events of a spool need it: a transport, from an address or a file.

It takes seconds of imports, and so is loaded by who sends, never by a run.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.settings import Settings
from mlops_pipeline.uris import without_password

TIMEOUT = 10.0
"""Seconds that a back end has for one event."""


class UnwantedError(Exception):
    """A back end understands an event, and does not want it: it is of no use to send it again."""


class Client(Protocol):
    """Something that takes events."""

    def emit(self, event: dict[str, Any]) -> None:
        """Send one event.

        Raises:
            UnwantedError: it will never be taken.
            Exception: it was not taken now.
        """

    def flush(self) -> None:
        """Wait until what was sent has arrived.

        Raises:
            Exception: it has not.
        """

    def close(self) -> None:
        """Let go of connections."""


OpenClient = Callable[[Settings], Client]


def open_client(settings: Settings) -> Client:
    """Return the official client's transport for the address of the settings.

    Raises:
        SettingsError: there is no address, it cannot be used, or the client is not installed.
    """
    address = settings.openlineage_url
    if not address:
        raise SettingsError(
            "there is no address that events could be sent to",
            hint="set openlineage.url in mlops.toml, or MLOPS_OPENLINEAGE_URL",
        )
    try:
        from openlineage.client import OpenLineageClient
        from openlineage.client.transport.http import HttpConfig, HttpTransport
    except ImportError as error:
        raise SettingsError(
            f"sending events needs {error.name}, which is not installed",
            hint="pip install 'mlops-pipeline[openlineage]'",
        ) from None
    try:
        if "://" not in address:
            return _Transport(OpenLineageClient(config=_read_config(Path(address))).transport)
        facts: dict[str, Any] = {"url": address, "timeout": TIMEOUT, "retry": {"total": 0}}
        if "/api/" in address:
            # The whole address of a back end that is not Marquez.
            start, _, rest = address.partition("/api/")
            facts |= {"url": f"{start}/", "endpoint": f"api/{rest}"}
        if settings.openlineage_token_file:
            token = _read_token(Path(settings.openlineage_token_file))
            facts["auth"] = {"type": "api_key", "apiKey": token}
        return _Transport(HttpTransport(HttpConfig.from_dict(facts)))
    except (ValueError, KeyError, TypeError, RuntimeError, ImportError) as error:
        raise SettingsError(
            f"events cannot be sent to {without_password(address)}: {error}",
            hint="give an address as http://host:5000, or a file as openlineage.yml",
        ) from None


class _Transport:
    """A transport of the official client."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def emit(self, event: dict[str, Any]) -> None:
        try:
            self._transport.emit(event)
        except Exception as error:
            answer = getattr(error, "response", None)
            if getattr(answer, "status_code", 0) in _UNWANTED:
                said = str(getattr(answer, "text", ""))[:300]
                raise UnwantedError(f"{error} {said}".strip()) from None
            raise

    def flush(self) -> None:
        wait = getattr(self._transport, "wait_for_completion", None)
        if wait is not None and not wait(TIMEOUT):
            raise TimeoutError(f"the events have not arrived within {TIMEOUT:g} s")

    def close(self) -> None:
        self._transport.close(TIMEOUT)


_UNWANTED = (400, 413, 422)
"""Answers that mean that this event will never be taken, where others of the run may be."""


def _read_config(path: Path) -> dict[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"cannot read {path}: {error.strerror}", hint="openlineage.url is an address or a file"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get("transport"), dict):
        raise SettingsError(f"{path} names no transport", hint="see the client's documentation")
    return found


def _read_token(path: Path) -> str:
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the token in {path} cannot be read: {error}") from None
    if not token:
        raise SettingsError(f"{path} holds no token")
    return token
