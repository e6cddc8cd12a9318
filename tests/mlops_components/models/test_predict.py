"""Functions of the user that ask a model, and what they may do wrong."""

from pathlib import Path

import pytest

from mlops_pipeline.errors import ExecutorError, ParameterError

pytestmark = pytest.mark.ml


def test_what_a_function_gives_are_arrays_by_output(tmp_path: Path) -> None:
    from mlops_components.models import _predict

    module = tmp_path / "asks.py"
    module.write_text("def predict_fn(path):\n    return lambda rows: {1: rows, 'b': [[0]] * 2}")
    ask = _predict.load_predict_fn(_predict.ModelFolder(tmp_path), module)
    assert {name: each.tolist() for name, each in ask([3, 4], 2).items()} == {
        "1": [3, 4],
        "b": [[0], [0]],
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise OSError('gone')", "the baseline model at .* cannot be loaded: OSError: gone"),
        ("return lambda rows: rows['x']", "the baseline model at .* fails in predict_fn: TypeErr"),
        ("return lambda rows: 1", "gave one value for 2 examples"),
        ("return lambda rows: [[1], [1, 2]]", "gave predictions that are no array"),
    ],
)
def test_a_model_that_fails_is_named(tmp_path: Path, body: str, message: str) -> None:
    from mlops_components.models import _predict

    module = tmp_path / "asks.py"
    module.write_text(f"def predict_fn(path):\n    {body}")
    folder = _predict.ModelFolder(tmp_path, is_baseline=True)
    with pytest.raises(ExecutorError, match=message) as raised:
        _predict.load_predict_fn(folder, module)([3, 4], 2)
    assert getattr(raised.value, "is_baseline", False)


def test_a_module_without_the_function_is_named(tmp_path: Path) -> None:
    from mlops_components.models import _predict

    module = tmp_path / "asks.py"
    module.write_text("")
    with pytest.raises(ParameterError, match=r"asks\.py defines no predict_fn"):
        _predict.load_predict_fn(_predict.ModelFolder(tmp_path), module)
