"""Searches of hyperparameters by KerasTuner: recorded, in parallel, and gone on with."""

import textwrap
from pathlib import Path

import pytest
from tuner_searches import NOTHING, PARABOLA, tune

from mlops_pipeline.errors import ExecutorError, PipelineError

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


NOTHING.set_splits(["train", "eval"])


@pytest.fixture(scope="module")
def parabola(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tuner") / "user.py"
    file.write_text(textwrap.dedent(PARABOLA))
    return file


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
