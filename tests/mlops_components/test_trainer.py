"""The contract between Trainer and `run_fn`, whatever library trains: here, none at all."""

import json
import textwrap
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from mlops_components import EvalArgs, FnArgs, TrainArgs, Trainer, Tuner
from mlops_components.training import read_metrics
from mlops_pipeline import external, latest, pipeline, rolling_window
from mlops_pipeline.api import Where, run
from mlops_pipeline.artifacts import Examples, HyperParameters, Model, Schema
from mlops_pipeline.authoring import component
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError, PipelineError
from mlops_pipeline.interface import Output
from mlops_pipeline.store import MemoryStore, State
from mlops_pipeline.testing import ComponentResult, artifact, run_component

SAVE = """
import json
from pathlib import Path

def save(fn_args, **content):
    folder = Path(fn_args.serving_model_dir)
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(json.dumps(content))
"""


def examples(*splits: str) -> Examples:
    names = splits or ("train", "eval")
    files = {f"Split-{name}/data.gz": "" for name in names}
    return artifact(Examples, files, split_names=json.dumps(names))


def module(folder: Path, code: str) -> Path:
    file = folder / "user.py"
    file.write_text(SAVE + textwrap.dedent(code))
    return file


def train(folder: Path, code: str, **arguments: Any) -> ComponentResult:
    arguments.setdefault("examples", examples())
    return run_component(Trainer, module_file=module(folder, code), **arguments)


def saved(result: ComponentResult) -> Any:
    return json.loads((result.outputs["model"].path / "Format-Serving/model.json").read_text())


def metrics_of(result: ComponentResult) -> list[tuple[int, dict[str, float]]]:
    return list(read_metrics(result.outputs["model_run"].path / "metrics.jsonl"))


def test_run_fn_is_given_the_fields_of_tfx() -> None:
    assert [field.name for field in fields(FnArgs)] == [
        "working_dir",
        "train_files",
        "eval_files",
        "train_steps",
        "eval_steps",
        "schema_path",
        "schema_file",
        "transform_graph_path",
        "transform_output",
        "data_accessor",
        "serving_model_dir",
        "eval_model_dir",
        "model_run_dir",
        "base_model",
        "hyperparameters",
        "custom_config",
    ]


ECHO = """
def run_fn(fn_args):
    given = {n: v for n, v in vars(fn_args).items() if n != "data_accessor"}
    save(fn_args, **given)
"""


def test_inputs_and_parameters_arrive(tmp_path: Path) -> None:
    data = examples("train", "eval", "more")
    given = saved(
        train(
            tmp_path,
            ECHO,
            examples=data,
            schema=artifact(Schema, {"schema.pbtxt": ""}),
            base_model=artifact(Model, {"Format-Serving/model.json": "{}"}),
            hyperparameters=artifact(
                HyperParameters, {"best_hyperparameters.txt": '{"values": {"units": 3}}'}
            ),
            train_args=TrainArgs(num_steps=5, splits=["train", "more"]),
            custom_config={"rate": 0.5},
        )
    )
    assert given["train_files"] == [str(data.split(n) / "*") for n in ("train", "more")]
    assert given["eval_files"] == [str(data.split("eval") / "*")]
    assert (given["train_steps"], given["eval_steps"]) == (5, None)
    assert given["schema_path"] == given["schema_file"]
    assert given["schema_path"].endswith("schema.pbtxt")
    assert given["base_model"].endswith("Format-Serving")
    assert given["hyperparameters"] == {"values": {"units": 3}}
    assert given["custom_config"] == {"rate": 0.5}
    assert given["transform_output"] is None
    assert Path(given["eval_model_dir"]).name == "Format-TFMA"


def test_several_examples_are_trained_on_together(tmp_path: Path) -> None:
    days = [examples(), examples()]
    given = saved(train(tmp_path, ECHO, examples=days, train_args=TrainArgs(splits=[])))
    assert given["train_files"] == [str(day.split("train") / "*") for day in days]


def test_a_window_of_spans_is_trained_on(tmp_path: Path) -> None:
    user = module(tmp_path, ECHO)

    @pipeline
    def windowed(span: int) -> None:
        made = MakeExamples(span=span)
        Trainer.options(after=[made])(examples=rolling_window(Examples, 2), module_file=user)

    where = Where(MemoryStore(), tmp_path / "root")
    for span in (1, 2, 3):
        done = run(windowed, {"span": span}, where=where, in_process=True).check()
    given = done["Trainer"].inputs["examples"]
    assert sorted(int(str(a.properties["span"])) for a in given) == [2, 3]
    model = done["Trainer"].artifact("model").path
    files = json.loads((model / "Format-Serving/model.json").read_text())["train_files"]
    assert sorted(files) == sorted(str(a.path / "Split-train" / "*") for a in given)


def test_logged_metrics_are_kept_step_by_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = """
    from mlops_components import log_metrics

    def run_fn(fn_args):
        for step in range(3):
            log_metrics(step, {"loss": 1 / (step + 1), "best": float("inf")})
        save(fn_args)
    """
    result = train(tmp_path, code)
    assert [step for step, _ in metrics_of(result)] == [0, 1, 2]
    assert metrics_of(result)[1] == (1, {"loss": 0.5, "best": float("inf")})
    last = {"loss": 1 / 3, "best": float("inf")}
    assert result.outputs["model"].properties["metrics"] == last
    assert result.outputs["model_run"].properties["metrics"] == last
    assert "step 1: loss 0.5, best inf\n" in capsys.readouterr().out


def test_a_training_that_logs_nothing_has_no_metrics(tmp_path: Path) -> None:
    result = train(tmp_path, "def run_fn(fn_args): save(fn_args)")
    assert "metrics" not in result.outputs["model"].properties
    with pytest.raises(NotFoundError, match="does not exist"):
        metrics_of(result)


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_loss_that_is_no_number_fails_the_training(tmp_path: Path, value: str) -> None:
    code = f"""
    from mlops_components import log_metrics

    def run_fn(fn_args):
        log_metrics(4, {{"loss": float("{value}")}})
        save(fn_args)
    """
    with pytest.raises(ExecutorError, match=f"loss is {value} at step 4"):
        train(tmp_path, code)


def test_a_metric_that_is_no_number_is_named(tmp_path: Path) -> None:
    code = """
    from mlops_components import log_metrics

    def run_fn(fn_args):
        log_metrics(0, {"matrix": [1, 2]})
    """
    with pytest.raises(ParameterError, match="metric 'matrix' is"):
        train(tmp_path, code)


@component
def MakeExamples(*, made: Output[Examples], span: int = 0) -> None:
    """Splits with a file each."""
    made.properties["span"] = span
    made.set_splits(["train", "eval"])
    for name in ("train", "eval"):
        made.split(name).mkdir(parents=True)
        (made.split(name) / "data.gz").write_text(str(span))


@pytest.mark.parametrize(("first", "steps"), [("2", [0, 1, 2, 3]), ("0", [0, 1, 2, 3])])
def test_metrics_go_on_where_a_retried_training_does(
    tmp_path: Path, first: str, steps: list[int]
) -> None:
    code = f"""
    from mlops_components import log_metrics

    def run_fn(fn_args):
        done = Path(fn_args.working_dir, "checkpoint")
        again = done.exists()
        for step in range({first} if again else 0, 4):
            log_metrics(step, {{"again": again}})
            done.write_text(str(step))
            if step == 2 and not again:
                raise MemoryError("once")
        save(fn_args)
    """
    user = module(tmp_path, code)

    @pipeline
    def retried() -> None:
        data = MakeExamples().outputs["made"]
        Trainer.options(retries=1, retry_wait=0)(examples=data, module_file=user)

    done = run(retried, where=Where(MemoryStore(), tmp_path / "root"), in_process=True).check()
    found = list(read_metrics(done["Trainer"].artifact("model_run").path / "metrics.jsonl"))
    assert done["Trainer"].attempts == 2
    assert [step for step, _ in found] == steps
    assert [bool(m["again"]) for _, m in found] == [step >= int(first) for step in steps]
    assert list((tmp_path / "root").rglob("checkpoint")) == []


def test_each_run_starts_from_the_model_before(tmp_path: Path) -> None:
    code = """
    def run_fn(fn_args):
        base = fn_args.base_model and json.loads(Path(fn_args.base_model, "model.json").read_text())
        save(fn_args, age=base["age"] + 1 if base else 0)
    """
    user = module(tmp_path, code)

    @pipeline
    def carried() -> None:
        data = MakeExamples().outputs["made"]
        Trainer(examples=data, module_file=user, base_model=latest(Model))

    where = Where(MemoryStore(), tmp_path / "root")
    runs = [run(carried, where=where, in_process=True).check() for _ in range(3)]
    models = [each["Trainer"].artifact("model") for each in runs]
    ages = [json.loads((m.path / "Format-Serving/model.json").read_text())["age"] for m in models]
    assert ages == [0, 1, 2]
    bases = [[a.id for a in each["Trainer"].inputs.get("base_model", [])] for each in runs]
    assert bases == [[], [models[0].id], [models[1].id]]


def test_a_training_starts_from_a_named_model(tmp_path: Path) -> None:
    code = """
    def run_fn(fn_args):
        base = fn_args.base_model and json.loads(Path(fn_args.base_model, "model.json").read_text())
        save(fn_args, name=fn_args.custom_config["name"], base=base and base["name"])
    """
    user = module(tmp_path, code)

    @pipeline
    def taught(name: str) -> None:
        data = MakeExamples().outputs["made"]
        Trainer(examples=data, module_file=user, custom_config={"name": name})

    @pipeline
    def tuned_further() -> None:
        data = MakeExamples().outputs["made"]
        base = external("taught", "Trainer", "model", Model)
        custom = {"name": "further"}
        Trainer(examples=data, module_file=user, base_model=base, custom_config=custom)

    where = Where(MemoryStore(), tmp_path / "root")
    run(taught, {"name": "first"}, where=where, in_process=True).check()
    runs = [run(tuned_further, where=where, in_process=True).check() for _ in range(2)]
    model = runs[0]["Trainer"].artifact("model").path / "Format-Serving/model.json"
    assert json.loads(model.read_text()) == {"name": "further", "base": "first"}
    # The named model is the same one, so the training is, too.
    assert [each["Trainer"].state for each in runs] == [State.COMPLETE, State.CACHED]


def test_a_base_model_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="base_model: there is no model at"):
        train(tmp_path, ECHO, base_model=artifact(Model))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import neighbour", r"neighbour.py:2: invalid syntax"),
        ("import nothing_like_it", "cannot import .*user.py: ModuleNotFoundError"),
        ("1 / 0", "cannot import .*user.py: ZeroDivisionError"),
        ("run_fn = 3", "has no function 'run_fn'"),
        ("def run_fn(fn_args): ...", "run_fn saved no model"),
    ],
    ids=["neighbour", "missing", "raises", "no function", "no model"],
)
def test_what_is_wrong_with_a_user_module_is_said(tmp_path: Path, code: str, message: str) -> None:
    (tmp_path / "neighbour.py").write_text("\ndef (:\n")
    with pytest.raises(PipelineError, match=message):
        train(tmp_path, code)


def test_a_failed_training_leaves_no_artifact(tmp_path: Path) -> None:
    user = module(tmp_path, "def run_fn(fn_args):\n    save(fn_args)\n    raise OSError('full')")

    @pipeline
    def failing() -> None:
        Trainer(examples=MakeExamples().outputs["made"], module_file=user)

    where = Where(MemoryStore(), tmp_path / "root")
    done = run(failing, where=where, check=False, in_process=True)
    assert done.state is State.FAILED
    assert "OSError: full" in done["Trainer"].execution.error
    assert where.store.artifacts_by_type("Model") == []
    assert list((tmp_path / "root").rglob("model.json")) == []


@pytest.mark.parametrize(
    ("code", "begins"),
    [
        ("def run_fm(fn_args): ...", ""),
        ("def run_fn(fn_args):\n    raise OSError('full')", "in run_fn"),
        ("import nothing_like_it", "in <module>"),
    ],
    ids=["mistake", "failure", "import"],
)
def test_tracebacks_begin_with_the_users_own_code(tmp_path: Path, code: str, begins: str) -> None:
    user = module(tmp_path, code)

    @pipeline
    def failing() -> None:
        Trainer(examples=MakeExamples().outputs["made"], module_file=user)

    done = run(failing, where=Where(MemoryStore(), tmp_path / "root"), check=False, in_process=True)
    frames = [line for line in done["Trainer"].execution.details.splitlines() if " line " in line]
    assert bool(frames) == bool(begins)
    assert all("user.py" in frame and begins in frame for frame in frames[:1])


def test_steps_cannot_be_negative() -> None:
    with pytest.raises(ParameterError, match="TrainArgs: num_steps cannot be -1"):
        TrainArgs(num_steps=-1)
    with pytest.raises(ParameterError, match="EvalArgs: num_steps cannot be -2"):
        EvalArgs(num_steps=-2)


@pytest.mark.skipif(find_spec("keras_tuner") is not None, reason="KerasTuner is installed here")
def test_a_search_says_what_is_not_installed(tmp_path: Path) -> None:
    with pytest.raises(ExecutorError, match="KerasTuner, which is not installed") as caught:
        run_component(Tuner, examples=examples(), module_file=tmp_path / "user.py")
    assert "mlops-pipeline[tuner]" in caught.value.hint


def test_examples_are_needed(tmp_path: Path) -> None:
    with pytest.raises(ExecutorError, match="no examples to train on"):
        train(tmp_path, ECHO, examples=[])
