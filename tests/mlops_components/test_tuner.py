"""Searches of hyperparameters by KerasTuner: recorded, in parallel, and gone on with."""

import json
import textwrap
from pathlib import Path

import pytest
from tuner_searches import NOTHING, PARABOLA, trials, tune

from mlops_components import Trainer, TuneArgs, loaders
from mlops_components.records import write_frames
from mlops_pipeline.artifacts import Examples, HyperParameters, TunerResults
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError
from mlops_pipeline.testing import artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


NOTHING.set_splits(["train", "eval"])


@pytest.fixture(scope="module")
def parabola(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tuner") / "user.py"
    file.write_text(textwrap.dedent(PARABOLA))
    return file


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


def test_neither_negative_trials_nor_unknown_splits(parabola: Path) -> None:
    with pytest.raises(ParameterError, match="num_parallel_trials cannot be -1"):
        TuneArgs(num_parallel_trials=-1)
    only = artifact(Examples, {"Split-train/data": ""}, split_names='["train"]')
    with pytest.raises(NotFoundError, match="no split 'eval'"):
        tune(parabola, examples=only)


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
