"""A search by KerasTuner that is recorded trial by trial, and goes on after it was killed."""

from __future__ import annotations

import functools
import logging
import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_tuner.engine.base_tuner import BaseTuner

from mlops_components.training._keras_projects import models_named, projects_kept, write_json
from mlops_components.training._trial_processes import run_processes
from mlops_components.training.tuner_call import TunerCall
from mlops_pipeline.errors import ExecutorError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Search:
    """Result of a search.

    Args:
        best_config: the configuration of the best `keras_tuner.HyperParameters`.
        best: the best trial, as properties.
        completed: trials with a score, the best first, as TFX writes them.
        counts: what became of all trials, as properties.
    """

    best_config: dict[str, Any]
    best: dict[str, Any]
    completed: list[dict[str, Any]]
    counts: dict[str, Any]


def search(call: TunerCall, parallel: int, record: Path) -> Search:
    """Run all trials that no earlier attempt has finished.

    Args:
        parallel: trials at a time; more than one run in processes of their own.
        record: file that says what became of each trial, up to date after each.

    Raises:
        ExecutorError: too many trials failed, or all.
    """
    with ExitStack() as stack:
        stack.enter_context(projects_kept(Path(call.arguments.working_dir or ".")))
        tuner, fit_kwargs = call.make(stack)
        oracle = tuner.oracle
        oracle.end_trial = functools.partial(_end_trial, oracle, oracle.end_trial, record)
        # Our lines say it shorter, and for trials in other processes, too.
        oracle.verbose = 0
        tuner.search_space_summary()
        if oracle.trials:
            done = sum(trial.status == "COMPLETED" for trial in oracle.trials.values())
            _say(f"going on with a search: {done} trials are done")
        # From here on there is a search that a further attempt can go on with.
        tuner.save()
        if parallel > 1:
            run_processes(call, oracle, parallel)
        else:
            with models_named():
                tuner.search(**fit_kwargs)
        write_json(record, _trials(oracle))
        return _summary(tuner)


def _summary(tuner: BaseTuner) -> Search:
    oracle = tuner.oracle
    trials = list(oracle.trials.values())
    completed = [trial for trial in trials if trial.status == "COMPLETED"]
    if not completed:
        errors = [_last_line(trial.message) for trial in trials if trial.message]
        raise ExecutorError(
            f"none of {len(trials)} trials was completed" + (f": {errors[-1]}" if errors else ""),
            hint="see the log for what each trial says",
            retryable=False,
        )
    # As many as are completed, or KerasTuner adds those that are not.
    ranked = oracle.get_best_trials(len(completed))
    best = ranked[0]
    values = dict(best.hyperparameters.values)
    return Search(
        tuner.get_best_hyperparameters()[0].get_config(),
        {"trial_id": best.trial_id, "score": best.score, "values": values},
        [
            {"trial_id": trial.trial_id, "score": trial.score, **trial.hyperparameters.values}
            for trial in ranked
            if trial.hyperparameters.values
        ],
        {
            "objective": oracle.objective.name,
            "best_score": best.score,
            "trials": len(trials),
            "completed": len(completed),
            "failed": sum(trial.status == "FAILED" for trial in trials),
        },
    )


def _end_trial(oracle: Any, original: Callable[[Any], None], record: Path, trial: Any) -> None:
    """End a trial as ever, and tell."""
    try:
        original(trial)
    except RuntimeError as error:
        # KerasTuner's own limit: `max_consecutive_failed_trials` of the oracle.
        raise ExecutorError(
            f"{oracle.max_consecutive_failed_trials} trials failed one after the other; "
            f"the last one: {_last_line(trial.message or str(error))}",
            hint="fix what fails, or give the tuner a higher max_consecutive_failed_trials",
            details=trial.message or "",
            retryable=False,
        ) from None
    finally:
        ended = oracle.trials[trial.trial_id]
        _say(_line(oracle, ended))
        write_json(record, _trials(oracle))


def _line(oracle: Any, trial: Any) -> str:
    values = ", ".join(f"{n}={_short(v)}" for n, v in trial.hyperparameters.values.items())
    if trial.status != "COMPLETED":
        return f"trial {trial.trial_id} failed ({_last_line(trial.message)}): {values}"
    best = oracle.get_best_trials(1)[0].score
    name = oracle.objective.name
    return f"trial {trial.trial_id}: {name} {trial.score:.5g} (best {best:.5g}), {values}"


def _short(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the progress of the run shows it


def _last_line(message: str | None) -> str:
    """Return the final message of a traceback, in one line."""
    lines = (message or "no score").strip().splitlines()
    frames = [number for number, line in enumerate(lines) if line.startswith('  File "')]
    # The text of an exception may have many lines; it begins after the last frame.
    after = lines[frames[-1] + 1 :] if frames else lines[-1:]
    return next((line for line in after if not line.startswith(" ")), lines[-1])


def _trials(oracle: Any) -> list[dict[str, Any]]:
    """Return all trials in the order of their ids, as plain data."""
    return [
        {
            "trial_id": trial.trial_id,
            "status": trial.status,
            "score": _finite(trial.score),
            "best_step": trial.best_step,
            "hyperparameters": dict(trial.hyperparameters.values),
            "metrics": {
                name: _finite(trial.metrics.get_best_value(name)) for name in trial.metrics.metrics
            },
            "error": _last_line(trial.message) if trial.message else "",
        }
        for _, trial in sorted(oracle.trials.items())
    ]


def _finite(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
