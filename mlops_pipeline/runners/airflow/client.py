"""Start DAG runs and wait for them, over Airflow's REST API (version 2). Needs no Airflow."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_pipeline.errors import NotFoundError, ParameterError, PipelineError, SettingsError

ENDED = ("success", "failed")

FAILED = ("failed", "upstream_failed")

END = "end_run"
"""The last task of every DAG, which records how the run ended."""

PATIENCE = 60.0
"""Seconds that a server may be gone while a run is waited for."""


class AirflowError(PipelineError):
    """Airflow cannot be reached, or refuses."""


@dataclass(frozen=True)
class AirflowClient:
    """An Airflow.

    Args:
        url: where its API server is, as `http://localhost:8080`.
        token: a JSON web token, as `POST /auth/token` hands out; empty where none is asked for.
    """

    url: str
    token: str = ""

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise SettingsError(
                f"{self.url!r} is not where an Airflow is", hint="write it as http://host:8080"
            )

    def trigger(self, dag_id: str, run_id: str, parameters: Mapping[str, Any]) -> bool:
        """Start a DAG run; False if there is one with this id already: CI may ask twice.

        Raises:
            NotFoundError: there is no such DAG.
            ParameterError: a parameter does not fit.
        """
        self._refuse_unknown(dag_id, parameters)
        body = {"logical_date": None, "dag_run_id": run_id, "conf": dict(parameters)}
        try:
            self._call("POST", f"/dags/{_quoted(dag_id)}/dagRuns", body)
        except urllib.error.HTTPError as error:
            if error.code == 409:
                return False
            detail = _detail(error)
            if error.code == 400:
                raise ParameterError(f"DAG {dag_id} refuses: {detail}") from None
            raise self._refused(error, detail) from None
        return True

    def is_paused(self, dag_id: str) -> bool:
        """Return True if runs of a DAG wait until somebody unpauses it, as new DAGs do.

        Raises:
            NotFoundError: there is no such DAG.
        """
        return bool(self._get(f"/dags/{_quoted(dag_id)}", f"DAG {dag_id}").get("is_paused"))

    def unpause(self, dag_id: str) -> None:
        """Let the runs of a DAG begin.

        Raises:
            AirflowError: the token does not allow it.
        """
        path = f"/dags/{_quoted(dag_id)}?update_mask=is_paused"
        try:
            self._call("PATCH", path, {"is_paused": False})
        except urllib.error.HTTPError as error:
            raise self._refused(error, _detail(error)) from None

    def wait(
        self,
        dag_id: str,
        run_id: str,
        seconds: float = 0.0,
        tell: Callable[[str], None] = lambda line: None,
    ) -> str:
        """Wait until a DAG run has ended; its state.

        Args:
            seconds: how long to wait; 0 for as long as it takes.
            tell: is given a line for each state of the run, and for each task that ends.

        Raises:
            AirflowError: it has not ended by then.
        """
        deadline = time.monotonic() + seconds if seconds else float("inf")
        path = f"/dags/{_quoted(dag_id)}/dagRuns/{_quoted(run_id)}"
        heard, state = time.monotonic(), "unknown"
        told: set[str] = set()
        while True:
            try:
                state, heard = str(self._get(path, f"DAG run {run_id}")["state"]), time.monotonic()
                for line in self._news(dag_id, run_id, state):
                    if line not in told:
                        told.add(line)
                        tell(line)
            except AirflowError:
                # A server that is restarted is no reason to give up a run of hours.
                if time.monotonic() - heard > PATIENCE:
                    raise
            if state in ENDED:
                return state
            if time.monotonic() > deadline:
                raise AirflowError(
                    f"{dag_id} {run_id} is still {state} after {seconds:g} s",
                    hint="the DAG is paused: unpause it in Airflow, or with --unpause"
                    if self.is_paused(dag_id)
                    else "it goes on; see Airflow, or wait longer with --timeout",
                )
            time.sleep(1.0)

    def _news(self, dag_id: str, run_id: str, state: str) -> Iterator[str]:
        """Yield the state of a DAG run and of its tasks that have ended, a line each."""
        if state == "queued":
            yield f"{dag_id} {run_id}: queued, Airflow has not begun it yet"
            return
        for task in self._tasks(dag_id, run_id):
            if task["state"] in (*ENDED, "upstream_failed", "skipped", "up_for_retry"):
                index = f"[{task['map_index']}]" if task["map_index"] >= 0 else ""
                attempt = f", attempt {task['try_number']}" if task["try_number"] > 1 else ""
                seconds = f" after {task['duration']:.1f} s" if task.get("duration") else ""
                yield f"{task['task_id']}{index}: {task['state']}{seconds}{attempt}"

    def resume(self, dag_id: str, run_id: str) -> int:
        """Resume a failed DAG run: failed tasks, and those that wait for them, run again.

        Returns:
            How many tasks are started again; 0 if none had failed.

        Raises:
            NotFoundError: there is no such DAG run.
        """
        tasks = self._tasks(dag_id, run_id)
        # Airflow skips what is left when a user marks the whole run as failed.
        cut_off = all(t["state"] not in ENDED for t in tasks if t["task_id"] == END)
        wanted = (*FAILED, *((None, "skipped", "removed") if cut_off else ()))
        again = [_instance(task) for task in tasks if task["state"] in wanted]
        if not again:
            return 0
        body = {
            "dag_run_id": run_id,
            "task_ids": again,
            "include_downstream": True,
            "only_failed": False,
            "dry_run": False,
        }
        path = f"/dags/{_quoted(dag_id)}/clearTaskInstances"
        try:
            return int(self._call("POST", path, body)["total_entries"])
        except urllib.error.HTTPError as error:
            raise self._refused(error, _detail(error)) from None

    def _tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a DAG run; Airflow gives them page by page."""
        path = f"/dags/{_quoted(dag_id)}/dagRuns/{_quoted(run_id)}/taskInstances"
        found: list[dict[str, Any]] = []
        while True:
            page = self._get(f"{path}?limit=100&offset={len(found)}", f"DAG run {dag_id} {run_id}")
            found += page["task_instances"]
            if not page["task_instances"] or len(found) >= page["total_entries"]:
                return found

    def parameter_types(self, dag_id: str) -> dict[str, Any]:
        """Return the JSON types of a DAG's parameters, by name.

        Raises:
            NotFoundError: there is no such DAG.
        """
        found = self._get(f"/dags/{_quoted(dag_id)}/details", f"DAG {dag_id}")
        schemas = {
            name: param.get("schema", {}) if isinstance(param, dict) else {}
            for name, param in (found.get("params") or {}).items()
        }
        return {name: schema.get("type") for name, schema in schemas.items()}

    def _refuse_unknown(self, dag_id: str, parameters: Mapping[str, Any]) -> None:
        """Refuse parameters that the DAG does not have; Airflow would ignore them."""
        known = list(self.parameter_types(dag_id))
        for name in parameters:
            if name not in known:
                raise ParameterError(
                    f"DAG {dag_id} has no parameter {name!r}", hint=f"it has {', '.join(known)}"
                )

    def _get(self, path: str, what: str) -> Any:
        try:
            return self._call("GET", path)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                raise NotFoundError(
                    f"{self.url} has no {what}", hint="deploy it, and wait until it is parsed"
                ) from None
            raise self._refused(error, _detail(error)) from None

    def _refused(self, error: urllib.error.HTTPError, detail: str) -> AirflowError:
        hint = "give a token with $MLOPS_AIRFLOW_TOKEN" if error.code in (401, 403) else ""
        return AirflowError(f"{self.url} answers {error.code}: {detail}", hint=hint)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        request = urllib.request.Request(
            f"{self.url.rstrip('/')}/api/v2{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers=headers,
        )
        if self.token:
            # Not for where a redirect leads to.
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError:
            raise
        except ValueError:
            raise AirflowError(
                f"{self.url} answers with something else than JSON", hint="check --url"
            ) from None
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise AirflowError(
                f"cannot reach Airflow at {self.url}: {reason}", hint="check --url"
            ) from None


def _instance(task: Mapping[str, Any]) -> Any:
    """Return a task instance as Airflow wants it named."""
    mapped = task["map_index"] >= 0
    return [task["task_id"], task["map_index"]] if mapped else task["task_id"]


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def _detail(error: urllib.error.HTTPError) -> str:
    text = error.read().decode(errors="replace")
    try:
        detail = json.loads(text).get("detail", text)
    except (ValueError, AttributeError):
        detail = text
    return detail if isinstance(detail, str) else json.dumps(detail)
