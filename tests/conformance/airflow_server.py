"""A real Airflow 3 for tests: API server, scheduler, DAG processor and triggerer, on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from postgres_server import free_port

PARTS = ("api-server", "scheduler", "dag-processor", "triggerer")
HEALTHY = ("metadatabase", "scheduler", "dag_processor", "triggerer")


class AirflowServer:
    """Airflow with its own home folder; every caller is admin.

    Args:
        command: the `airflow` command of its environment.
        database: URL of Airflow's own database; empty for SQLite in the home folder.
        imports: folders that DAG files import from.
    """

    def __init__(self, command: Path, home: Path, database: str = "", imports: str = "") -> None:
        self.command = command
        self.home = home
        self.dags = home / "dags"
        self.modules = home / "modules"
        for folder in (self.dags, self.modules):
            folder.mkdir(parents=True, exist_ok=True)
        self.url = f"http://127.0.0.1:{free_port()}"
        self._processes: list[subprocess.Popen[bytes]] = []
        secret = secrets.token_hex(32)
        settings = {
            "CORE__DAGS_FOLDER": str(self.dags),
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": "3",
            # Each worker's first task imports all of Airflow: half a minute may be too short.
            "CORE__DAGBAG_IMPORT_TIMEOUT": "300",
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "900",
            "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "DATABASE__SQL_ALCHEMY_CONN": database or f"sqlite:///{home}/airflow.db",
            "API__HOST": "127.0.0.1",
            "API__PORT": self.url.rpartition(":")[2],
            "API__BASE_URL": self.url,
            "API__WORKERS": "1",
            # The same in all four processes, or they refuse each other.
            "API__SECRET_KEY": secret,
            "API_AUTH__JWT_SECRET": secret,
            "SCHEDULER__ENABLE_HEALTH_CHECK": "False",
            "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            "TRIGGERER__JOB_HEARTBEAT_SEC": "2",
            "LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            "DAG_PROCESSOR__REFRESH_INTERVAL": "2",
            "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
            # A task that has ended keeps its slot until its next heartbeat.
            "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            # On a busy machine a call takes longer than the five seconds that a task waits for it.
            "WORKERS__EXECUTION_API_TIMEOUT": "60",
            "USAGE_DATA_COLLECTION__ENABLED": "False",
        }
        foreign = ("AIRFLOW", "PYTHON", "VIRTUAL_ENV")
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(foreign)},
            "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
            "AIRFLOW_HOME": str(home),
            "PYTHONPATH": f"{imports}{os.pathsep}{self.modules}",
            **{f"AIRFLOW__{name}": value for name, value in settings.items()},
        }

    def start(self) -> None:
        """Make the database and start all parts; returns when all say that they are well."""
        with (self.home / "migrate.log").open("wb") as log:
            migrate = [str(self.command), "db", "migrate"]
            subprocess.run(migrate, env=self.environment, check=True, stdout=log, stderr=log)
        for part in PARTS:
            with (self.home / f"{part}.log").open("wb") as log:
                self._processes.append(
                    subprocess.Popen(
                        [str(self.command), part],
                        env=self.environment,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        # So that its own children can be ended with it.
                        start_new_session=True,
                    )
                )
        self._wait("Airflow is not well", 400, self._is_well)

    def stop(self) -> None:
        """End all parts, and what they have started."""
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def wait_for_dag(self, dag_id: str) -> None:
        """Wait until a DAG file has been read.

        Raises:
            RuntimeError: it cannot be imported.
        """

        def known() -> bool:
            errors = self.call("GET", "/importErrors")["import_errors"]
            if errors:
                raise RuntimeError("\n".join(error["stack_trace"] for error in errors))
            with contextlib.suppress(urllib.error.HTTPError):
                return not self.call("GET", f"/dags/{dag_id}").get("is_stale")
            return False

        self._wait(f"DAG {dag_id} is not known", 300, known)

    def trigger(self, dag_id: str, run_id: str, conf: dict[str, Any] | None = None) -> None:
        """Start a DAG run."""
        body = {"logical_date": None, "dag_run_id": run_id, "conf": conf or {}}
        try:
            self.call("POST", f"/dags/{dag_id}/dagRuns", body)
        except urllib.error.HTTPError as error:
            # It was started all the same by an attempt that was answered with an error.
            if error.code != 409:
                raise

    def wait_for_run(self, dag_id: str, run_id: str) -> str:
        """How a DAG run ended."""
        state = ""

        def ended() -> bool:
            nonlocal state
            state = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"]
            return state in ("success", "failed")

        self._wait(f"{dag_id} {run_id} has not ended", 600, ended)
        return state

    def tasks(self, dag_id: str, run_id: str) -> dict[str, dict[str, Any]]:
        """The task instances of a DAG run, by task id, with the index of a mapped one."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=500"
        return {
            task["task_id"]
            if task["map_index"] < 0
            else f"{task['task_id']}[{task['map_index']}]": (task)
            for task in self.call("GET", path)["task_instances"]
        }

    def explain(self, dag_id: str, run_id: str) -> str:
        """The states of a run's tasks, the log of each that failed, and Airflow's own errors.

        A task whose success Airflow cannot record is failed without a word in the task's log.
        """
        texts = []
        for name, task in self.tasks(dag_id, run_id).items():
            texts.append(f"{name}: {task['state']}, attempt {task['try_number']}")
            if task["state"] == "failed":
                path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task['task_id']}"
                path += (
                    f"/logs/{task['try_number']}?map_index={task['map_index']}&full_content=true"
                )
                texts.append(json.dumps(self.call("GET", path)["content"])[-3000:])
        for part in ("api-server", "scheduler"):
            texts += [f"{part}: {error}" for error in self.errors(part)]
        return "\n".join(texts)

    def errors(self, part: str) -> list[str]:
        """What a part of Airflow has logged as errors, each with the end of its traceback."""
        log = (self.home / f"{part}.log").read_text(errors="replace")
        stamp = r"\d{4}-\d\d-\d\d[T ]\S+ \["
        entries = re.split(rf"^(?={stamp})", log, flags=re.M)
        # Without what tasks log: that is in their own logs.
        level = re.compile(rf"{stamp}(error|critical) *\](?!.*\[task\] dag_id=)")
        found = [entry for entry in entries if level.match(entry)]
        return [
            each if len(each) < 3000 else f"{each[:900]}\n...\n{each[-2000:]}" for each in found
        ]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the REST API, version 2."""
        request = urllib.request.Request(
            f"{self.url}/api/v2{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
        )
        for again in (*range(9), None):
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    text = answer.read()
                    break
            except urllib.error.HTTPError as error:
                # Airflow's database on SQLite can be locked for longer than the server waits.
                if error.code < 500 or again is None:
                    raise
                time.sleep(0.5)
        return json.loads(text) if text else None

    def _is_well(self) -> bool:
        for part, process in zip(PARTS, self._processes, strict=True):
            if process.poll() is not None:
                log = (self.home / f"{part}.log").read_text(errors="replace")
                raise RuntimeError(f"{part} ended with {process.returncode}:\n{log[-3000:]}")
        with contextlib.suppress(OSError, ValueError):
            told = self.call("GET", "/monitor/health")
            return all((told.get(part) or {}).get("status") == "healthy" for part in HEALTHY)
        return False

    @staticmethod
    def _wait(what: str, seconds: float, until: Any) -> None:
        deadline = time.monotonic() + seconds
        while not until():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} after {seconds:g} s")
            time.sleep(0.3)
