"""Trials in worker processes: one oracle in the parent, a tuner in each process that asks it.

A request is a line of JSON with the name of one of the oracle's methods; the reply is another. The
parent reads them one by one, so the oracle sees one call at a time. A process that dies fails the
trial that it was at, and is replaced.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from keras_tuner import HyperParameters
from keras_tuner.engine.trial import Trial

from mlops_components.training.fn_args import FnArgs, example_accessor
from mlops_components.training.tuner_call import TunerCall
from mlops_pipeline.errors import ExecutorError, PipelineError
from mlops_pipeline.executors import failed

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "from mlops_components.training._trial_processes import main; main(int(sys.argv[1]))"
)
_GRACE = 5.0
_IDLE = 0.1


class _Channel:
    """Lines of JSON in both directions."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._file = end.makefile("rwb")

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, message: Mapping[str, Any]) -> None:
        # Metrics may be NumPy's numbers.
        self._file.write(json.dumps(message, default=float).encode() + b"\n")
        self._file.flush()

    def receive(self) -> dict[str, Any] | None:
        """Return the next message; None at the end."""
        with contextlib.suppress(ConnectionError):
            line = self._file.readline()
            return json.loads(line) if line.endswith(b"\n") else None
        return None

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        self._socket.close()


class _Process:
    """A worker process, as its parent sees it."""

    def __init__(self, call: TunerCall, threads: int) -> None:
        # A name that was used before has a file, for which KerasTuner would read the files of the
        # whole search, while the parent is writing them.
        self.name = f"worker-{secrets.token_hex(4)}"
        self.started = False
        ours, theirs = socket.socketpair()
        environment = {
            # Else each process would use all cores, and wait for the others.
            "TF_NUM_INTRAOP_THREADS": str(threads),
            "OMP_NUM_THREADS": str(threads),
            **os.environ,
            "KERASTUNER_TUNER_ID": self.name,
        }
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, str(theirs.fileno()), json.dumps(sys.path)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=environment,
            )
        self.channel = _Channel(ours)
        self.channel.send(_plain(call))

    def fileno(self) -> int:
        return self.channel.fileno()

    def wait(self) -> int:
        """Return the exit code of a process that has closed its channel."""
        try:
            return self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        self.channel.close()


def run_processes(call: TunerCall, oracle: Any, count: int) -> None:
    """Run the trials of a search, `count` at a time, until the oracle says that it is over.

    Raises:
        ExecutorError: too many trials failed, or a process failed outside of a trial.
    """
    if oracle.max_trials:
        unfinished = oracle.max_trials - len(oracle.end_order)
        count = min(count, max(unfinished, 1))
    threads = max(1, len(os.sched_getaffinity(0)) // count)
    running = [_Process(call, threads) for _ in range(count)]
    try:
        while running:
            ready, _, _ = select.select(running, [], [])
            for process in ready:
                message = process.channel.receive()
                if message is not None:
                    over = _serve(oracle, process, message)
                    if over and not oracle.ongoing_trials:
                        # Who is still importing its libraries need not finish that.
                        _end_all(running, [each for each in running if not each.started])
                        break
                    continue
                running.remove(process)
                if _buried(oracle, process):
                    running.append(_Process(call, threads))
    finally:
        _end_all(running, list(running))


def _end_all(running: list[_Process], some: list[_Process]) -> None:
    for process in some:
        process.kill()
        running.remove(process)


def _serve(oracle: Any, process: _Process, message: Mapping[str, Any]) -> bool:
    """Reply to a request; true if the reply is that there are no more trials.

    Raises:
        ExecutorError: the process says that it has failed.
    """
    if "error" in message:
        raise ExecutorError(
            message["error"],
            hint=message["hint"],
            details=message["details"],
            retryable=message["retryable"],
        )
    process.started = True
    reply = _METHODS[message["method"]](oracle, process.name, message)
    with contextlib.suppress(ConnectionError):
        process.channel.send({"reply": reply})
    return bool(message["method"] == "create_trial" and reply["status"] == "STOPPED")


def _buried(oracle: Any, process: _Process) -> bool:
    """Record the end of a process; return True if another one should replace it."""
    code = process.wait()
    process.channel.close()
    trial = oracle.ongoing_trials.get(process.name)
    if trial is None:
        if code:
            raise ExecutorError(
                f"a process of the Tuner ended outside of a trial ({_reason(code)})",
                hint="its last words are in the log",
            )
        return False
    trial.status = "INVALID"
    trial.message = f"the process of the trial died ({_reason(code)})"
    oracle.end_trial(trial)
    return True


def _reason(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"


def _create(oracle: Any, name: str, message: Mapping[str, Any]) -> Any:
    return oracle.create_trial(name).get_state()


def _update(oracle: Any, name: str, message: Mapping[str, Any]) -> Any:
    return oracle.update_trial(message["trial"], message["metrics"], message["step"]).get_state()


def _end(oracle: Any, name: str, message: Mapping[str, Any]) -> None:
    oracle.end_trial(Trial.from_state(message["trial"]))


def _get(oracle: Any, name: str, message: Mapping[str, Any]) -> Any:
    return oracle.get_trial(message["trial"]).get_state()


def _best(oracle: Any, name: str, message: Mapping[str, Any]) -> Any:
    return [trial.get_state() for trial in oracle.get_best_trials(message["count"])]


def _get_space(oracle: Any, name: str, message: Mapping[str, Any]) -> Any:
    return oracle.get_space().get_config()


def _update_space(oracle: Any, name: str, message: Mapping[str, Any]) -> None:
    oracle.update_space(HyperParameters.from_config(message["space"]))


_METHODS: dict[str, Callable[[Any, str, Mapping[str, Any]], Any]] = {
    "create_trial": _create,
    "update_trial": _update,
    "end_trial": _end,
    "get_trial": _get,
    "get_best_trials": _best,
    "get_space": _get_space,
    "update_space": _update_space,
}


class _RemoteOracle:
    """The parent's oracle, as a tuner in another process uses it.

    Args:
        local: the one that the tuner was made with: it knows what does not change.
    """

    def __init__(self, local: Any, channel: _Channel) -> None:
        self._local = local
        self._channel = channel

    def __getattr__(self, name: str) -> Any:
        return getattr(self._local, name)

    def _ask(self, method: str, **arguments: Any) -> Any:
        self._channel.send({"method": method, **arguments})
        message = self._channel.receive()
        if message is None:
            # The parent is gone, or has ended the search.
            os._exit(1)
        return message["reply"]

    def create_trial(self, tuner_id: str) -> Any:
        trial = Trial.from_state(self._ask("create_trial"))
        if trial.status == "IDLE":
            # The tuner asks again at once: the oracle waits for other trials.
            time.sleep(_IDLE)
        return trial

    def update_trial(self, trial_id: str, metrics: Mapping[str, Any], step: int = 0) -> Any:
        state = self._ask("update_trial", trial=trial_id, metrics=dict(metrics), step=step)
        return Trial.from_state(state)

    def end_trial(self, trial: Any) -> None:
        self._ask("end_trial", trial=trial.get_state())

    def get_trial(self, trial_id: str) -> Any:
        return Trial.from_state(self._ask("get_trial", trial=trial_id))

    def get_best_trials(self, num_trials: int = 1) -> list[Any]:
        return [Trial.from_state(s) for s in self._ask("get_best_trials", count=num_trials)]

    def get_space(self) -> Any:
        return HyperParameters.from_config(self._ask("get_space"))

    def update_space(self, hyperparameters: Any) -> None:
        self._ask("update_space", space=hyperparameters.get_config())

    def save(self) -> None:
        """Do nothing: the parent process saves the state."""

    def reload(self) -> None:
        """Do nothing: the parent process has reloaded it."""


def main(descriptor: int) -> None:
    """Run trials until there are no more."""
    from mlops_components.training._keras_projects import models_named, projects_kept

    channel = _Channel(socket.socket(fileno=descriptor))
    message = channel.receive()
    if message is None:
        os._exit(1)
    call = _call(message)
    try:
        with ExitStack() as stack:
            stack.enter_context(projects_kept(Path(call.arguments.working_dir or ".")))
            tuner, fit_kwargs = call.make(stack)
            tuner.oracle = _RemoteOracle(tuner.oracle, channel)
            stack.enter_context(models_named())
            tuner.search(**fit_kwargs)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the parent says it
        result = failed(error)
        channel.send(
            {
                "error": result.error,
                "hint": result.hint,
                "details": result.details,
                "retryable": result.retryable or not isinstance(error, PipelineError),
            }
        )
        channel.receive()
    sys.stdout.flush()
    # Taking TensorFlow apart module by module takes a second, and nobody needs it.
    os._exit(0)


def _plain(call: TunerCall) -> dict[str, Any]:
    arguments = {
        each.name: getattr(call.arguments, each.name)
        for each in dataclasses.fields(call.arguments)
        if each.name != "data_accessor"
    }
    return {
        "module_file": None if call.module_file is None else str(call.module_file),
        "tuner_fn": call.tuner_fn,
        "tfx_compat": call.tfx_compat,
        "payload": call.payload,
        "arguments": arguments,
    }


def _call(message: Mapping[str, Any]) -> TunerCall:
    file, payload = message["module_file"], message["payload"]
    return TunerCall(
        None if file is None else Path(file),
        message["tuner_fn"],
        message["tfx_compat"],
        FnArgs(**message["arguments"], data_accessor=example_accessor(payload)),
        payload,
    )
