"""Metrics of a training, recorded step by step while it runs: `log_metrics` and what keeps them.

The lines are one file under two names: in the `model_run` artifact, and in the folder that a
further attempt at the node finds again, so that a training which goes on from a checkpoint goes
on with its metrics, too.
"""

from __future__ import annotations

import functools
import inspect
import json
import math
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_pipeline.artifacts import ModelRun
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError

METRICS_FILE = "metrics.jsonl"


@dataclass
class TrainingLog:
    """The metrics of one attempt at a training.

    Args:
        path: the file in the artifact.
        kept: the file that later attempts find again.
    """

    path: Path
    kept: Path
    last: dict[str, float] = field(default_factory=dict)
    step: int | None = None

    def add(self, step: int, metrics: Mapping[str, Any]) -> dict[str, float]:
        """Record the metrics of a step."""
        # NumPy's numbers are none of JSON's.
        step = int(step)
        values = {str(name): _number(name, value) for name, value in metrics.items()}
        if self.step is None:
            self._begin(step)
        self.step = step
        self.last.update(values)
        line = json.dumps({"step": step, "metrics": {n: _spelt(v) for n, v in values.items()}})
        # One write to a file that is opened for appending: a reader never sees half a line.
        with self.kept.open("ab", buffering=0) as file:
            file.write(line.encode() + b"\n")
        return values

    def close(self) -> None:
        """Put the metrics into the artifact, if that has not been done."""
        if self.kept.exists() and not self.path.exists():
            if self.step is None:
                # The earlier attempt had done it all: nothing was left to train.
                for step, metrics in read_metrics(self.kept):
                    self.step = step
                    self.last.update(metrics)
            shutil.copyfile(self.kept, self.path)

    def _begin(self, first: int) -> None:
        """Keep what an earlier attempt recorded of the steps before this one."""
        earlier = self.kept.read_text().splitlines() if self.kept.exists() else []
        lines = [line for line in earlier if json.loads(line)["step"] < first]
        for line in lines:
            self.last.update(_metrics(json.loads(line)))
        new = self.kept.with_suffix(".new")
        new.write_text("".join(f"{line}\n" for line in lines))
        new.replace(self.kept)
        try:
            self.path.hardlink_to(self.kept)
        except OSError:
            # Two file systems, or one without links: `close` copies it.
            self.path.unlink(missing_ok=True)


def read_metrics(path: Path) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield the steps of a training, and the metrics of each.

    Raises:
        NotFoundError: there are none.
    """
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        raise NotFoundError(
            f"{path} does not exist",
            hint="the training recorded no metrics: call log_metrics(step, {...}) in run_fn",
        ) from None
    for line in lines:
        record = json.loads(line)
        yield int(record["step"]), _metrics(record)


def _metrics(record: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in record["metrics"].items()}


def _float(value: Any) -> float:
    """Return a number as a float; an array may hold one, which NumPy 2 itself refuses."""
    try:
        return float(value)
    except TypeError:
        array = value.numpy() if hasattr(value, "numpy") else value
        if getattr(array, "size", None) != 1:
            raise
        return float(array.item())


def _number(name: str, value: Any) -> float:
    try:
        return _float(value)
    except (TypeError, ValueError):
        raise ParameterError(
            f"metric {name!r} is {value!r}, which is not a number", hint="log one number a name"
        ) from None


def _spelt(value: float) -> float | str:
    """Return a number for JSON: if not finite, as a text that `float` takes."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


_LOG: ContextVar[TrainingLog | None] = ContextVar("training_log", default=None)


@contextmanager
def recording(model_run: ModelRun, state: Path) -> Iterator[TrainingLog]:
    """Record what is logged meanwhile, and each epoch of Keras models that are fitted."""
    log = TrainingLog(model_run.path / METRICS_FILE, state / METRICS_FILE)
    token = _LOG.set(log)
    try:
        with _keras_recorded():
            yield log
    finally:
        _LOG.reset(token)
    log.close()


def log_metrics(step: int, metrics: Mapping[str, Any]) -> None:
    """Record metrics of a step of the training, and print them: a run shows them as it goes.

    Outside a Trainer they are only printed.

    >>> log_metrics(3, {"loss": 0.21, "accuracy": 0.9})
    step 3: loss 0.21, accuracy 0.9
    """
    _record(step, metrics)
    _say(f"step {step}", metrics)


def _record(step: int, metrics: Mapping[str, Any]) -> None:
    log = _LOG.get()
    if log is not None:
        log.add(step, metrics)


def _say(what: str, metrics: Mapping[str, Any]) -> None:
    shown = ", ".join(f"{name} {_number(name, value):.5g}" for name, value in metrics.items())
    sys.stdout.write(f"{what}: {shown}\n")


def check_finite(log: TrainingLog) -> None:
    """Refuse a training that went astray.

    Raises:
        ExecutorError: the last loss is not a number, or infinite.
    """
    for name in ("loss", "val_loss"):
        value = log.last.get(name, 0.0)
        if not math.isfinite(value):
            raise ExecutorError(
                f"the training has failed: {name} is {value} at step {log.step}",
                hint="look for missing or infinite labels and features, or learn more slowly",
                retryable=False,
            )


@contextmanager
def _keras_recorded() -> Iterator[None]:
    """Have `Model.fit` record each epoch, where Keras has been imported."""
    modules = [sys.modules[name] for name in ("keras", "tf_keras") if name in sys.modules]
    changed = []
    try:
        for module in modules:
            model = module.Model
            changed.append((model, vars(model).get("fit")))
            model.fit = _with_callback(model.fit, module.callbacks.LambdaCallback)
        yield
    finally:
        for model, own in changed:
            if own is None:
                del model.fit
            else:
                model.fit = own


def _with_callback(fit: Callable[..., Any], lambda_callback: Callable[..., Any]) -> Any:
    signature = inspect.signature(fit)

    @functools.wraps(fit)
    def recorded(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        given = bound.arguments.get("callbacks")
        if given is None or isinstance(given, list | tuple):
            quiet = bound.arguments.get("verbose", "auto") == 0
            callback = lambda_callback(on_epoch_end=functools.partial(_on_epoch, quiet))
            bound.arguments["callbacks"] = [*(given or []), callback]
        return fit(*bound.args, **bound.kwargs)

    return recorded


def _on_epoch(quiet: bool, epoch: int, logs: Mapping[str, Any] | None) -> None:
    # What is not one number is the model's own affair.
    metrics = {n: v for n, v in (logs or {}).items() if _is_number(v)}
    _record(epoch, metrics)
    if quiet:
        _say(f"epoch {epoch}", metrics)


def _is_number(value: Any) -> bool:
    try:
        _float(value)
    except (TypeError, ValueError):
        return False
    return True
