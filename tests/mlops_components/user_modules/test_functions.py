"""Wrong data and wrong user modules: each mistake has its name and its place."""

from pathlib import Path

import pytest
from bad_inputs import train

from mlops_components import (
    Transform,
)
from mlops_pipeline.errors import NotFoundError, ParameterError, PipelineError
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def run_fm(fn_args): ...", "has no function 'run_fn'"),
        ("def run_fn(fn_args):\n  return (", r"user.py:2: '\(' was never closed"),
        ("def run_fn(fn_args): ...", "run_fn saved no model"),
    ],
    ids=["no run_fn", "syntax", "no model"],
)
def test_bad_user_module_is_named(
    penguin: PipelineRun, tmp_path: Path, code: str, message: str
) -> None:
    (tmp_path / "user.py").write_text(code)
    with pytest.raises(PipelineError, match=message):
        train(penguin, module_file=tmp_path / "user.py")


def test_user_module_is_needed(penguin: PipelineRun) -> None:
    with pytest.raises(ParameterError, match="neither of module_file and run_fn"):
        train(penguin)


def test_preprocessing_function_is_found_by_name(penguin: PipelineRun) -> None:
    with pytest.raises(NotFoundError, match="no function 'sorting'"):
        run_component(
            Transform,
            examples=penguin["CsvExampleGen"].artifact(),
            schema=penguin["SchemaGen"].artifact(),
            preprocessing_fn="json:sorting",
        )
