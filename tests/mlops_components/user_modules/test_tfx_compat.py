"""What a module that was written for TFX can import where there is no TFX."""

import importlib
import importlib.util
import sys
from pathlib import Path

import pytest

from mlops_components.training import FnArgs
from mlops_components.user_modules import tfx_importable, user_function
from mlops_components.user_modules.tfx_compat import TfxModuleError, TfxNameError
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.code import code_parts
from mlops_pipeline.errors import ExecutorError

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tfx") is not None, reason="TFX itself is installed here"
)


IMPORTS = """
import tfx
import tfx.v1
from tfx import v1 as tfx_v1
from tfx.components.trainer import fn_args_utils
from tfx.components.trainer.executor import TrainerFnArgs
from tfx.components.trainer.fn_args_utils import DataAccessor, FnArgs
from tfx.components.transform import stats_options_util
from tfx.components.tuner.component import TunerFnResult
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.utils import io_utils
from tfx.v1.components import FnArgs as public_name
from tfx.version import __version__


def run_fn(fn_args: tfx_v1.components.FnArgs):
    # TFX's modules have their submodules without importing them by name.
    assert tfx.v1.components.FnArgs is fn_args_utils.FnArgs is TrainerFnArgs is public_name
    assert tfx_v1.components.DataAccessor is DataAccessor
    assert TunerFnResult(tuner=1, fit_kwargs={}).tuner == 1
    assert stats_options_util.StatsType.POST_TRANSFORM.value == 2
    assert tfx.__version__ == __version__
    import tfx.utils.io_utils as late

    assert late.all_files_pattern("/x") == io_utils.all_files_pattern("/x") == "/x/*"
    folder = fn_args.model_run_dir
    fileio.makedirs(folder + "/logs")
    io_utils.write_string_file(folder + "/logs/a.txt", "text")
    fileio.copy(folder + "/logs/a.txt", folder + "/logs/b.txt")
    assert fileio.glob(folder + "/logs/*.txt") == [folder + "/logs/a.txt", folder + "/logs/b.txt"]
    with fileio.open(folder + "/logs/b.txt") as file:
        return standard_artifacts.Examples, file.read()
"""


def module(folder: Path, text: str) -> Path:
    path = folder / "model.py"
    path.write_text(text)
    return path


def test_the_imports_that_user_modules_make_all_work(tmp_path: Path) -> None:
    path = module(tmp_path, IMPORTS)
    arguments = FnArgs(model_run_dir=str(tmp_path / "run"))
    with tfx_importable(True), user_function("run_fn", path, "") as run_fn:
        assert run_fn.__annotations__["fn_args"] is FnArgs
        assert run_fn(arguments) == (Examples, "text")


def test_afterwards_there_is_no_tfx_again(tmp_path: Path) -> None:
    with tfx_importable(True), tfx_importable(True):
        importlib.import_module("tfx.v1")
    assert [name for name in sys.modules if name.partition(".")[0] == "tfx"] == []
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("tfx")


def test_without_being_asked_the_error_says_how_to_ask(tmp_path: Path) -> None:
    path = module(tmp_path, "from tfx import v1 as tfx\n")
    with (
        pytest.raises(ExecutorError, match=r"imports tfx, and TFX is not installed") as caught,
        tfx_importable(False),
        user_function("run_fn", path, ""),
    ):
        pass
    assert "tfx_compat=True" in caught.value.hint


@pytest.mark.parametrize(
    ("line", "error", "message", "hint"),
    [
        ("import tfx.orchestration", TfxModuleError, "tfx.orchestration is not in", "tfx offers"),
        ("from tfx.utils import io_util", TfxModuleError, "tfx.utils.io_util is", "'io_utils'"),
        (
            "from tfx.v1.proto import x",
            TfxModuleError,
            "tfx.v1.proto is not",
            "offers __version__, components",
        ),
        ("import tfx.v1; tfx.v1.dls", TfxNameError, "tfx.v1.dls is not in", "did you mean 'dsl'"),
        (
            "from tfx import v1; v1.components.Trainer",
            TfxNameError,
            "tfx.v1.components.Trainer is not in",
            "imported from mlops_components: Trainer",
        ),
    ],
)
def test_what_is_not_offered_is_named_with_the_line_and_what_there_is(
    tmp_path: Path, line: str, error: type[Exception], message: str, hint: str
) -> None:
    path = module(tmp_path, f"\n{line}\n")
    with (
        pytest.raises(error, match=message) as caught,
        tfx_importable(True),
        user_function("run_fn", path, ""),
    ):
        pass
    assert hint in str(caught.value)
    assert f"{path.name}:2" in str(caught.value)


def test_modules_may_go_without_what_is_not_offered(tmp_path: Path) -> None:
    text = """
try:
    from tfx.extensions import google_cloud
except ImportError:
    google_cloud = None
import tfx.v1

def run_fn(fn_args):
    return google_cloud, hasattr(tfx.v1, "orchestration"), getattr(tfx.v1, "proto", 5)
"""
    with tfx_importable(True), user_function("run_fn", module(tmp_path, text), "") as run_fn:
        assert run_fn(None) == (None, False, 5)


def test_the_cache_key_can_be_made_where_tfx_is_missing(tmp_path: Path) -> None:
    path = module(tmp_path, IMPORTS)
    parts = code_parts("mlops_components.trainer:Trainer", [str(tmp_path)], [path])
    assert parts.packages["tfx"] == "missing"
    assert any(name.startswith("model.py::") for name in parts.parts)
