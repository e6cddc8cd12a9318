"""What the tests of mlops_pipeline/runners/workers share."""

import os
import subprocess
import sys
import time
from pathlib import Path

from mlops_pipeline.artifacts import Integer
from mlops_pipeline.executors import ArtifactRef

USER_CODE = '''
import atexit, ctypes, logging, os, signal, subprocess, sys, threading, time
from pathlib import Path

from mlops_pipeline import Examples, Input, Output


def measure(examples: Output[Examples], losses: Input[Examples]) -> None:
    examples.properties["loss"] = losses.properties["loss"] * 2
    examples.properties["most"] = 2 ** 70


def own_pid() -> int:
    return os.getpid()


def speak() -> None:
    print("printed")
    logging.warning("logged")
    os.write(2, b"from C\\n")
    subprocess.run(["echo", "from a child"])
    ctypes.CDLL(None).printf(b"buffered by C\\n")
    print("unfinished", end="")


def interrupt_itself() -> None:
    raise KeyboardInterrupt("by a library")


def whisper(token: str) -> None:
    print("the token is", token)
    raise ValueError(f"refused {token}")


def flood(lines: int) -> None:
    for number in range(lines):
        print(number, "x" * 1000)


def meet(mine: Path, other: Path) -> None:
    mine.touch()
    while not other.exists():
        time.sleep(0.005)


def wait(started: Path) -> None:
    print("waiting")
    started.write_text(str(os.getpid()))
    try:
        time.sleep(600)
    finally:
        print("cleaned up")


def block(started: Path) -> None:
    """Be deaf: C code that never gives the interpreter back."""
    started.write_text(str(os.getpid()))
    ctypes.PyDLL(None).sleep(600)


def leave_children(pids: Path) -> None:
    shell = f"sleep 600 & echo $! > {pids}.1; setsid sleep 600 & echo $! > {pids}.2"
    subprocess.run(shell, shell=True)


def wait_with_child(started: Path) -> None:
    child = subprocess.Popen(["sleep", "600"])
    started.write_text(str(child.pid))
    time.sleep(600)


def exit_hard(code: int) -> None:
    print("last words", flush=True)
    os._exit(code)


def crash() -> None:
    ctypes.string_at(0)


def close_output() -> None:
    os.close(1)
    os.close(2)


def replace_output() -> None:
    sys.stdout = open(os.devnull, "w")
    print("gone")


def fork() -> None:
    if os.fork() == 0:
        return
    os.wait()


def chatter() -> None:
    def talk() -> None:
        while True:
            print("chatter" * 1000)
    threading.Thread(target=talk, daemon=True).start()


def register(path: Path) -> None:
    atexit.register(path.touch)


def move() -> str:
    before = os.getcwd()
    os.chdir("/")
    return before
'''


def value(tmp_path):
    ref = ArtifactRef("Integer", str(tmp_path / "output" / "value"))
    return {"outputs": {"output": ref}, "values": ("output",)}


def read(tmp_path):
    return Integer(str(tmp_path / "output" / "value")).read()


def until(condition, what):
    deadline = time.monotonic() + 20
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within 20 s: {what}"
        time.sleep(0.005)
    return found


def number_in(path):
    return until(lambda: path.exists() and int(path.read_text() or 0), f"a number in {path}")


def runs(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def gone(pid):
    until(lambda: not runs(pid), f"end of process {pid}")


PARENT = """
import sys
from mlops_pipeline.ir import FunctionExecutor
from mlops_pipeline.runners.workers.pool import WorkerPool
from mlops_pipeline.executors.task import Task

function, folder, started = sys.argv[1:]
executor = FunctionExecutor(f"pool_user_code:{function}")
task = Task("r/n", executor, parameters={"started": started}, import_paths=(folder,))
print(WorkerPool(1, grace=0.1).execute(task).error)
"""


def start_parent(function, code, started):
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, function, str(code), str(started)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
