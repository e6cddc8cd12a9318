"""Searches of hyperparameters by KerasTuner: recorded, in parallel, and gone on with."""

import json
import os
import textwrap
from pathlib import Path
from typing import Any

import pytest

from mlops_components import Trainer, TuneArgs, Tuner, loaders
from mlops_components.records import write_frames
from mlops_pipeline import Importer, pipeline
from mlops_pipeline.api import Where, run
from mlops_pipeline.artifacts import Examples, HyperParameters, TunerResults
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError, PipelineError
from mlops_pipeline.store import MemoryStore, State
from mlops_pipeline.testing import ComponentResult, artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

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
NOTHING.set_splits(["train", "eval"])


@pytest.fixture(scope="module")
def parabola(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tuner") / "user.py"
    file.write_text(textwrap.dedent(PARABOLA))
    return file


def tune(module_file: Path, **arguments: Any) -> ComponentResult:
    arguments.setdefault("examples", NOTHING)
    return run_component(Tuner, module_file=module_file, **arguments)


def trials(result: ComponentResult) -> list[dict[str, Any]]:
    found = json.loads((result.outputs["tuner_results"].path / "trials.json").read_text())
    assert isinstance(found, list)
    return found


def test_search_writes_what_tfx_writes_and_all_trials(
    parabola: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = tune(parabola, custom_config={"trials": 5, "fail": ["2"]})
    best, results = result.outputs["best_hyperparameters"], result.outputs["tuner_results"]
    rows = json.loads((results.path / "tuner_results.json").read_text())
    assert [row["score"] for row in rows] == sorted(row["score"] for row in rows)
    assert rows[0].keys() == {"trial_id", "score", "x"}
    config = json.loads((best.path / "best_hyperparameters.txt").read_text())
    assert config["values"] == {"x": rows[0]["x"]}
    assert [space["config"]["name"] for space in config["space"]] == ["x"]
    found = trials(result)
    assert [(t["trial_id"], t["status"]) for t in found] == [
        (str(n), "FAILED" if n == 2 else "COMPLETED") for n in range(5)
    ]
    assert found[2]["error"] == "ValueError: trial 2 does not work"
    assert results.properties == {
        "objective": "y",
        "best_score": rows[0]["score"],
        "trials": 5,
        "completed": 4,
        "failed": 1,
    }
    assert best.properties["values"] == {"x": rows[0]["x"]}
    said = capsys.readouterr().out
    assert "trial 2 failed (ValueError: trial 2 does not work): x=" in said
    assert f"trial 4: y {found[4]['score']:.5g} (best {rows[0]['score']:.5g}), x=" in said


def test_search_is_loaded_as_values_and_as_a_table(parabola: Path) -> None:
    result = tune(parabola, custom_config={"trials": 3, "fail": ["0"]})
    best, results = result.outputs["best_hyperparameters"], result.outputs["tuner_results"]
    assert isinstance(best, HyperParameters)
    assert isinstance(results, TunerResults)
    frame = loaders.load_tuner_results(results)
    assert frame["status"].tolist() == ["FAILED", "COMPLETED", "COMPLETED"]
    assert loaders.load_hyperparameters(best) == {"x": frame["x"][frame["score"].idxmin()]}
    (results.path / "trials.json").unlink()
    assert sorted(loaders.load_tuner_results(results).index) == ["1", "2"]


def test_same_seed_gives_the_same_bytes(parabola: Path) -> None:
    config = {"trials": 3}
    first, second = (tune(parabola, custom_config=config).outputs for _ in range(2))
    for output, file in (
        ("best_hyperparameters", "best_hyperparameters.txt"),
        ("tuner_results", "tuner_results.json"),
    ):
        files = [each[output].path / file for each in (first, second)]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_trainer_is_given_the_best(parabola: Path, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "from pathlib import Path\n"
        "import keras_tuner\n"
        "def run_fn(fn_args):\n"
        "    found = keras_tuner.HyperParameters.from_config(fn_args.hyperparameters)\n"
        "    Path(fn_args.serving_model_dir).mkdir(parents=True)\n"
        "    Path(fn_args.serving_model_dir, 'x').write_text(str(found.get('x')))\n"
    )
    best = tune(parabola, custom_config={"trials": 2}).outputs["best_hyperparameters"]
    trained = run_component(
        Trainer, examples=NOTHING, hyperparameters=best, module_file=tmp_path / "train.py"
    )
    assert isinstance(best, HyperParameters)
    said = (trained.outputs["model"].path / "Format-Serving" / "x").read_text()
    assert float(said) == loaders.load_hyperparameters(best)["x"]


def test_too_many_failures_end_the_search_with_the_last_reason(parabola: Path) -> None:
    config = {"trials": 6, "fail": ["1", "2"], "limit": 2}
    with pytest.raises(ExecutorError) as caught:
        tune(parabola, custom_config=config)
    assert caught.value.message == (
        "2 trials failed one after the other; the last one: ValueError: trial 2 does not work"
    )
    assert "does not work" in caught.value.details
    with pytest.raises(ExecutorError, match="none of 2 trials was completed: ValueError: trial"):
        tune(parabola, custom_config={"trials": 2, "fail": ["0", "1"]})


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def tuner_fm(fn_args): ...", "has no function 'tuner_fn'"),
        ("def tuner_fn(fn_args):\n  return (", r"user.py:2: '\(' was never closed"),
        ("def tuner_fn(fn_args): ...", "tuner_fn returned None"),
        ("def tuner_fn(fn_args): return (1, {})", r"tuner_fn returned \(1, \{\}\)"),
    ],
    ids=["no function", "syntax", "nothing", "no tuner"],
)
def test_what_is_wrong_with_a_module_is_said(tmp_path: Path, code: str, message: str) -> None:
    (tmp_path / "user.py").write_text(code)
    with pytest.raises(PipelineError, match=message):
        tune(tmp_path / "user.py")


def test_arguments_of_the_search_are_a_dict(tmp_path: Path, parabola: Path) -> None:
    code = parabola.read_text().replace("TunerFnResult(tuner, {", "TunerFnResult(tuner, None and {")
    (tmp_path / "user.py").write_text(code)
    with pytest.raises(ExecutorError, match="fit_kwargs that are None"):
        tune(tmp_path / "user.py", custom_config={"trials": 1})


def test_neither_negative_trials_nor_unknown_splits(parabola: Path) -> None:
    with pytest.raises(ParameterError, match="num_parallel_trials cannot be -1"):
        TuneArgs(num_parallel_trials=-1)
    only = artifact(Examples, {"Split-train/data": ""}, split_names='["train"]')
    with pytest.raises(NotFoundError, match="no split 'eval'"):
        tune(parabola, examples=only)


def test_trials_run_in_processes_and_survive_one_that_dies(parabola: Path) -> None:
    config = {"trials": 5, "kill": "1"}
    result = tune(parabola, custom_config=config, tune_args=TuneArgs(num_parallel_trials=2))
    found = trials(result)
    assert [t["status"] for t in found].count("COMPLETED") == 4
    assert found[1]["status"] == "FAILED"
    assert found[1]["error"] == "the process of the trial died (killed by SIGKILL)"
    processes = {t["metrics"]["pid"] for t in found if t["status"] == "COMPLETED"}
    assert os.getpid() not in processes
    assert len(processes) >= 1
    # The values of a trial do not depend on who runs it.
    alone = tune(parabola, custom_config={"trials": 5, "fail": ["1"]})
    assert [t["hyperparameters"] for t in found] == [t["hyperparameters"] for t in trials(alone)]


def test_killed_search_keeps_the_trials_that_are_done(parabola: Path, tmp_path: Path) -> None:
    uri = NOTHING.uri

    @pipeline
    def searched() -> None:
        splits = {"split_names": '["train", "eval"]'}
        data = Importer(uri, Examples, properties=splits).outputs["result"]
        Tuner.options(retries=1, retry_wait=0)(
            examples=data, module_file=parabola, custom_config={"trials": 4, "kill": "2"}
        )

    done = run(searched, where=Where(MemoryStore(), tmp_path)).check()
    node = done["Tuner"]
    log = Path(node.execution.log).read_text()
    recorded = json.loads((node.artifact("tuner_results").path / "trials.json").read_text())
    assert node.attempts == 2
    assert node.state is State.COMPLETE
    assert "going on with a search: 2 trials are done" in log
    assert [f"trial {n} runs" in log for n in range(4)] == [False, False, True, True]
    assert [t["status"] for t in recorded] == ["COMPLETED"] * 4
    assert len({t["metrics"]["pid"] for t in recorded}) == 2


SKLEARN = """
import keras_tuner
from sklearn.linear_model import Ridge
from mlops_components import TunerFnResult, read_frame

def tuner_fn(fn_args):
    tuner = keras_tuner.tuners.SklearnTuner(
        keras_tuner.oracles.RandomSearchOracle(
            objective=keras_tuner.Objective("score", "max"), max_trials=3, seed=1
        ),
        lambda hp: Ridge(alpha=hp.Float("alpha", 1e-3, 1e3, sampling="log")),
        directory=fn_args.working_dir,
    )
    frame = read_frame(fn_args.train_files)
    return TunerFnResult(tuner, {"X": frame[["x"]], "y": frame[["y"]]})
"""


def test_scikit_learn_is_tuned_as_well(tmp_path: Path) -> None:
    import pandas as pd

    (tmp_path / "user.py").write_text(textwrap.dedent(SKLEARN))
    frame = pd.DataFrame({"x": [i / 40 for i in range(40)], "y": [i / 20 for i in range(40)]})
    data = artifact(Examples)
    write_frames(data, {"train": frame, "eval": frame})
    result = tune(tmp_path / "user.py", examples=data)
    by_strength = sorted(trials(result), key=lambda trial: trial["hyperparameters"]["alpha"])
    assert (
        result.outputs["best_hyperparameters"].properties["trial_id"]
        == (by_strength[0]["trial_id"])
    )


KERAS = """
import keras
import keras_tuner
import numpy as np
from mlops_components import TunerFnResult

def build(hp):
    rate = hp.Choice("rate", [0.0, 0.5])
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), "mse")
    return model

def tuner_fn(fn_args):
    tuner = keras_tuner.GridSearch(build, "val_loss", directory=fn_args.working_dir)
    x = np.linspace(0, 1, 16)
    fit = {"x": x, "y": 2 * x, "validation_data": (x, 2 * x), "epochs": 2, "verbose": 0}
    return TunerFnResult(tuner, fit)
"""


def test_keras_models_are_tuned(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(textwrap.dedent(KERAS))
    result = tune(tmp_path / "user.py")
    assert len(trials(result)) == 2
    assert result.outputs["best_hyperparameters"].properties["values"] == {"rate": 0.5}
    assert trials(result)[0]["metrics"].keys() == {"loss", "val_loss"}
