"""Steps in forks of a task's process, as the mode "in_process" runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from forks import tried
from worker_tasks import runs, until

from mlops_pipeline import ir as ir_file
from mlops_pipeline.authoring import load_pipeline
from mlops_pipeline.cli import INTERRUPTED
from mlops_pipeline.store import State, open_store

pytestmark = pytest.mark.slow  # Each starts processes.

PIPELINE = """
import logging, os, sys, time
from pathlib import Path
from mlops_pipeline import component, pipeline

@component
def One(seconds: float) -> str:
    logging.warning("careful")
    print("token", os.environ["TOKEN"])
    Path("began").touch()
    time.sleep(seconds)
    return " ".join([os.environ.get("AIRFLOW__KEY", "none"), str("plugins" in sys.path)])

@pipeline
def one(seconds: float = 0.0) -> None:
    One(seconds=seconds)
"""

STEP = """
import os, signal, sys, threading, types
from pathlib import Path
from mlops_pipeline.runners.airflow import ExecutionConfig
from mlops_pipeline.runners.airflow.step_process import Step, StepProcess

class Log:
    lines = []
    def log(self, level, text, *values):
        self.lines.append([level, text % values])

settings = types.ModuleType("airflow.settings")
settings.PLUGINS_FOLDER = "plugins"
sys.modules["airflow.settings"] = settings
sys.path.append("plugins")
os.environ["AIRFLOW__KEY"] = "hidden"
os.environ["TOKEN"] = "sesame"
here = os.getcwd()
execution = ExecutionConfig(
    mode="in_process", store=f"sqlite:///{here}/metadata.db", root=f"{here}/root", grace=20
)
process = StepProcess(execution, Log())

def run(**variables):
    words = ["run-node", f"{here}/one.json", "One", "--run-id", "r1", "--watch-parent", "--fork"]
    return process.run(Step(f"{here}/one.json", words, variables))
"""


def compiled(folder: Path) -> None:
    file = folder / "one_pipeline.py"
    file.write_text(PIPELINE)
    ir = load_pipeline(f"{file}:one", project=folder).compile()
    (folder / "one.json").write_bytes(ir_file.dump(ir))


def test_a_node_runs_without_what_is_airflows(tmp_path: Path) -> None:
    compiled(tmp_path)
    code, result, lines, left = tried(
        tmp_path,
        STEP
        + """
code, result = run()
left = [os.environ["AIRFLOW__KEY"], "plugins" in sys.path]
print(json.dumps([code, result, Log.lines, left]))
""",
    )
    assert (code, result["state"]) == (0, "COMPLETE")
    (uri,) = result["outputs"]["output"]
    assert Path(uri).read_text() == "none False"
    assert [30, "WARNING:root:careful"] in lines
    assert left == ["hidden", True]


def test_a_node_that_is_stopped_is_recorded_as_canceled(tmp_path: Path) -> None:
    compiled(tmp_path)
    code, _ = tried(
        tmp_path,
        STEP
        + """
# A handler in the thread that reads, as Airflow's is.
signal.signal(signal.SIGUSR1, lambda *_: process.stop())
me = os.getpid()
if not os.fork():
    while not Path("began").exists():
        time.sleep(0.05)
    os.kill(me, signal.SIGUSR1)
    os._exit(0)
print(json.dumps(run(MLOPS_PARAMETERS=json.dumps({"seconds": 120.0}))))
""",
    )
    assert code == INTERRUPTED
    store = open_store(f"sqlite:///{tmp_path}/metadata.db")
    try:
        (execution,) = store.executions_of_run("r1")
        assert execution.state is State.CANCELED
    finally:
        store.close()


def test_a_node_ends_with_the_task_that_is_killed(tmp_path: Path) -> None:
    compiled(tmp_path)
    file = tmp_path / "task.py"
    begin = "import json\n" + STEP
    file.write_text(begin + 'run(MLOPS_PARAMETERS=json.dumps({"seconds": 120.0}))')
    task = subprocess.Popen([sys.executable, str(file)], cwd=tmp_path)
    try:
        until((tmp_path / "began").exists, "start of the node")
    finally:
        task.kill()
        task.wait()
    store = open_store(f"sqlite:///{tmp_path}/metadata.db")
    try:
        (running,) = store.executions_of_run("r1")
        until(lambda: not runs(running.pid), "end of the node")
        (execution,) = store.executions_of_run("r1")
        assert execution.state is State.CANCELED
    finally:
        store.close()


def test_a_process_with_threads_starts_an_interpreter_and_says_so(tmp_path: Path) -> None:
    compiled(tmp_path)
    code, state, lines = tried(
        tmp_path,
        STEP
        + """
end = threading.Event()
thread = threading.Thread(target=end.wait)
thread.start()
code, result = run()
end.set()
print(json.dumps([code, result["state"], Log.lines]))
""",
    )
    assert (code, state) == (0, "COMPLETE")
    assert "several threads" in json.dumps(lines)
