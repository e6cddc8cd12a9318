"""What the tests of mlops_components share."""

import json
from pathlib import Path
from typing import Any

from mlops_components import Tuner
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.testing import ComponentResult, artifact, run_component

# No model at all: a tuner that takes a moment for a trial.
PARABOLA = """
import os, signal
from pathlib import Path
import keras_tuner
from mlops_components import TunerFnResult

class Parabola(keras_tuner.RandomSearch):
    def run_trial(self, trial, config, working_dir):
        x = trial.hyperparameters.Float("x", -1.0, 1.0)
        name = f"trial {trial.trial_id}"
        if trial.trial_id in config.get("fail", []):
            raise ValueError(f"{name} does not work\\n  and this\\nsays more")
        flag = Path(working_dir, "killed")
        if trial.trial_id == config.get("kill") and not flag.exists():
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        print(f"{name} runs in process {os.getpid()}", flush=True)
        return {"y": (x - 0.3) ** 2, "pid": os.getpid()}

def tuner_fn(fn_args):
    config = fn_args.custom_config
    tuner = Parabola(
        objective=keras_tuner.Objective("y", "min"),
        max_trials=config["trials"],
        seed=4,
        max_consecutive_failed_trials=config.get("limit", 3),
        overwrite=True,
    )
    return TunerFnResult(tuner, {"config": config, "working_dir": fn_args.working_dir})
"""


NOTHING = artifact(Examples, {f"Split-{n}/data": "" for n in ("train", "eval")})


def tune(module_file: Path, **arguments: Any) -> ComponentResult:
    arguments.setdefault("examples", NOTHING)
    return run_component(Tuner, module_file=module_file, **arguments)


def trials(result: ComponentResult) -> list[dict[str, Any]]:
    found = json.loads((result.outputs["tuner_results"].path / "trials.json").read_text())
    assert isinstance(found, list)
    return found
