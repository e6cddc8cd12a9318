"""An API server of Kubeflow Pipelines, over `kfp.Client`. The only module that knows the kfp SDK.

The SDK signs in (tokens, pods, kubeconfig); the calls are those of its generated client, which is
the same in all its versions, prints nothing and takes time limits.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_pipeline.errors import PipelineError, SettingsError

PATIENCE = 60.0
"""Seconds that a server may be gone once it has been heard."""

TIMEOUT = 60
"""Seconds that one answer may take."""

_GONE = (429, 502, 503, 504)
_WAYS = ("KF_PIPELINES_ENDPOINT", "KUBERNETES_SERVICE_HOST")
"""Variables from which the SDK finds its server itself."""

Record = Mapping[str, Any]
"""One thing on the server, as its API describes it; times are datetimes."""


class KubeflowError(PipelineError):
    """Kubeflow Pipelines cannot be reached, or refuses."""


class GoneError(KubeflowError):
    """The server does not answer, or not as itself: it may have done what was asked, or not."""


class TakenError(KubeflowError):
    """There is one of this name already."""


@dataclass(frozen=True)
class Server:
    """Address of a Kubeflow, and access to it.

    Args:
        url: its address, as `http://localhost:8080`; empty where the SDK finds it: in a pod.
        namespace: of the user, where several share the server.
        token: sent with each call, where neither file nor pod has one.
        token_file: read for each call, as tokens of pods are exchanged now and then.
        ca_file: certificates to trust instead of the public ones.
    """

    url: str = ""
    namespace: str = ""
    token: str = ""
    token_file: str = ""
    ca_file: str = ""

    def check(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            SettingsError: there is no address, or it holds a password, or a file is missing.
        """
        if not self.url and not any(os.environ.get(name) for name in _WAYS):
            raise SettingsError(
                "it is not known where Kubeflow is",
                hint="give --url, or set MLOPS_KUBEFLOW_URL or kubeflow_url in mlops.toml",
            )
        if self.url and not self.url.startswith(("http://", "https://")):
            raise SettingsError(
                f"{self.url!r} is not where a Kubeflow is", hint="write it as https://host"
            )
        if "@" in self.url.partition("://")[2].partition("/")[0]:
            raise SettingsError(
                "the address of Kubeflow holds a password",
                hint="take it out, and give a token with $MLOPS_KUBEFLOW_TOKEN",
            )
        for what, file in (("token", self.token_file), ("certificates", self.ca_file)):
            if file and not Path(file).is_file():
                raise SettingsError(f"there is no file {file} with the {what}")


class _Token:
    """The hook that gives the SDK a token before each call."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def refresh_api_key_hook(self, configuration: Any) -> None:
        file = self._server.token_file
        token = Path(file).read_text(encoding="utf-8").strip() if file else self._server.token
        configuration.api_key["authorization"] = token


class KubeflowClient:
    """A connection to an API server.

    Raises:
        SettingsError: the SDK is not installed, or the server is not described well.
        KubeflowError: the server cannot be reached, or refuses.
    """

    def __init__(self, server: Server) -> None:
        server.check()
        self._server = server
        self._heard = False
        self._lost = 0.0
        kfp, self._errors, self._broken = _sdk()
        # The SDK reports each attempt to reach a server; we report the last.
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        token = _Token(server) if server.token or server.token_file else None

        def connect(**options: Any) -> Any:
            # What it prints must not get into our output, which may be JSON.
            with warnings.catch_warnings(), redirect_stdout(sys.stderr):
                warnings.simplefilter("ignore")
                return _once_asked(kfp.Client)(
                    host=server.url or None,
                    # A namespace of this name is the SDK's own default, which it takes for none.
                    namespace=server.namespace or "kubeflow",
                    credentials=token,
                    ssl_ca_cert=server.ca_file or None,
                )

        self._sdk = self._call(connect, patient=False)
        self.namespace = server.namespace or str(self._sdk.get_user_namespace() or "")

    def pipelines(self, name: str = "") -> Iterator[Record]:
        """Return all pipelines, or those of a name."""
        listed = self._sdk.pipelines.pipeline_service_list_pipelines
        return self._pages(listed, "pipelines", name, namespace=self.namespace)

    def versions(self, pipeline_id: str, name: str = "") -> Iterator[Record]:
        """Return the versions of a pipeline, or those of a name."""
        listed = self._sdk.pipelines.pipeline_service_list_pipeline_versions
        return self._pages(listed, "pipeline_versions", name, pipeline_id=pipeline_id)

    def experiments(self, name: str = "") -> Iterator[Record]:
        """Return all experiments, or those of a name."""
        listed = self._sdk.experiments.experiment_service_list_experiments
        return self._pages(listed, "experiments", name, namespace=self.namespace)

    def runs(self, name: str = "") -> Iterator[Record]:
        """Return all runs, or those of a name, newest first."""
        listed = self._sdk.runs.run_service_list_runs
        options = {"namespace": self.namespace, "sort_by": "created_at desc"}
        return self._pages(listed, "runs", name, **options)

    def recurring_runs(self, name: str = "") -> Iterator[Record]:
        """Return all recurring runs, or those of a name."""
        listed = self._sdk.recurring_runs.recurring_run_service_list_recurring_runs
        return self._pages(listed, "recurring_runs", name, namespace=self.namespace)

    def run(self, run_id: str) -> Record:
        """Return one run, with its tasks."""
        return self._record(self._sdk.runs.run_service_get_run, run_id)

    def create_pipeline(self, name: str, description: str) -> Record:
        """Make a pipeline without versions."""
        body = {"display_name": name, "description": description, "namespace": self.namespace}
        return self._create(self._sdk.pipelines.pipeline_service_create_pipeline, body)

    def upload_version(self, file: Path, pipeline_id: str, name: str, description: str) -> Record:
        """Make a version of a pipeline from a compiled file."""
        upload = self._sdk.pipeline_uploads.upload_pipeline_version
        options = {"name": name, "pipelineid": pipeline_id, "description": description}
        return self._create(upload, str(file), **options)

    def create_experiment(self, name: str) -> Record:
        """Make an experiment."""
        body = {"display_name": name, "namespace": self.namespace}
        return self._create(self._sdk.experiments.experiment_service_create_experiment, body)

    def create_run(self, body: Record) -> Record:
        """Start a run."""
        return self._create(self._sdk.runs.run_service_create_run, dict(body))

    def create_recurring_run(self, body: Record) -> Record:
        """Make a recurring run."""
        service = self._sdk.recurring_runs
        return self._create(service.recurring_run_service_create_recurring_run, dict(body))

    def set_recurring_run(self, recurring_run_id: str, enabled: bool) -> None:
        """Enable or disable a recurring run."""
        service = self._sdk.recurring_runs
        if enabled:
            self._call(service.recurring_run_service_enable_recurring_run, recurring_run_id)
        else:
            self._call(service.recurring_run_service_disable_recurring_run, recurring_run_id)

    def delete_recurring_run(self, recurring_run_id: str) -> None:
        """Delete a recurring run; its runs stay."""
        delete = self._sdk.recurring_runs.recurring_run_service_delete_recurring_run
        self._delete(delete, recurring_run_id)

    def delete_version(self, pipeline_id: str, version_id: str) -> None:
        """Delete a version of a pipeline."""
        delete = self._sdk.pipelines.pipeline_service_delete_pipeline_version
        self._delete(delete, pipeline_id, version_id)

    def link(self, kind: str, identifier: str) -> str:
        """Return the page of a thing in Kubeflow: `runs`, `recurringrun` or `pipelines`."""
        url = self._server.url.rstrip("/")
        return f"{url}/#/{kind}/details/{identifier}" if url else ""

    def _pages(
        self, listed: Callable[..., Any], key: str, name: str, **options: Any
    ) -> Iterator[Record]:
        if name:
            predicate = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
            options["filter"] = json.dumps({"predicates": [predicate]})
        token = ""
        while True:
            page = self._call(listed, page_size=100, page_token=token, **options).to_dict()
            for record in page.get(key) or ():
                if not name or record["display_name"] == name:
                    yield record
            token = page.get("next_page_token") or ""
            if not token:
                return

    def _record(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Record:
        found: Record = self._call(function, *arguments, **options).to_dict()
        return found

    def _create(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Record:
        found: Record = self._call(function, *arguments, patient=False, **options).to_dict()
        return found

    def _delete(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Delete a thing; one that is gone is deleted, perhaps by a call that was cut off."""
        try:
            self._call(function, *arguments)
        except KubeflowError as error:
            if not isinstance(error.__cause__, self._errors) or error.__cause__.status != 404:
                raise

    def _call(
        self, function: Callable[..., Any], *arguments: Any, patient: bool = True, **options: Any
    ) -> Any:
        """Call the server; while it is gone, which an upgrade makes it, try again."""
        while True:
            try:
                answer = function(*arguments, **options, _request_timeout=TIMEOUT)
            except (self._errors, self._broken, OSError) as error:
                problem = self._problem(error)
                if not self._heard or not isinstance(problem, GoneError):
                    raise problem from error
                self._lost = self._lost or time.monotonic()
                if not patient or time.monotonic() - self._lost > PATIENCE:
                    raise problem from error
                time.sleep(1.0)
            else:
                self._heard, self._lost = True, 0.0
                return answer

    def _problem(self, error: Any) -> KubeflowError:
        """Return an error of the SDK in the user's words."""
        where = self._server.url or "the Kubeflow of this cluster"
        if not isinstance(error, self._errors) or not error.status:
            reason = getattr(error, "reason", error)
            return GoneError(
                f"cannot reach Kubeflow at {where}: {_short(reason)}",
                hint="check --url, and whether the server is up",
            )
        detail = f"{where} answers {error.status}: {_detail(error)}"
        if error.status in (401, 403):
            return KubeflowError(
                detail,
                hint="give a token that may do this with $MLOPS_KUBEFLOW_TOKEN or --token-file",
            )
        if error.status == 409:
            return TakenError(detail)
        return GoneError(detail) if error.status in _GONE else KubeflowError(detail)


def _sdk() -> tuple[Any, Any, Any]:
    """Return the SDK, and what its calls raise: for answers that are errors, and for none."""
    try:
        import kfp
        import kfp_server_api
        import urllib3
    except ImportError:
        raise SettingsError(
            "talking to Kubeflow needs the kfp SDK, which is not installed",
            hint="pip install 'mlops-pipeline[kubeflow]'; compiling does not need it",
        ) from None
    return kfp, kfp_server_api.ApiException, urllib3.exceptions.HTTPError


def _once_asked(client: Any) -> Any:
    """Return the SDK's client; it checks the server's health once, not five times."""

    class Client(client):  # type: ignore[misc]
        def get_kfp_healthz(self, sleep_duration: int = 0) -> Any:
            return self._healthz_api.healthz_service_get_healthz(_request_timeout=TIMEOUT)

    return Client


def _short(reason: Any) -> str:
    text = str(reason)
    return text.rpartition(">: ")[2] or text


def _detail(error: Any) -> str:
    body = error.body
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or error.reason)
    try:
        found = json.loads(text)
        text = str(found.get("message") or found.get("error_message") or found.get("error") or text)
    except (ValueError, AttributeError):
        pass
    return " ".join(text.split())[:500]
