"""Infinite numbers among the examples: a warning, or an error if they spoil a whole feature."""

from pathlib import Path
from typing import Any

import pytest
from transformed_examples import SCHEMA, Load, written

from mlops_components import Transform
from mlops_pipeline.artifacts import Examples, Schema
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.testing import artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

INF, NAN = float("inf"), float("nan")
SCALED = """
import tensorflow as tf
import tensorflow_transform as tft

def preprocessing_fn(inputs):
    x = inputs["x"]
    return {"z": %s, "word": inputs["word"]}
"""
RANGE = "tft.scale_to_0_1(x)"
ENGINES = ["memory", pytest.param("beam", marks=pytest.mark.slow)]


def examples(*train: float) -> Examples:
    return written({"train": [(x, "w") for x in train], "eval": [(1.0, "w"), (2.0, "w")]})


def transform(given: Examples, folder: Path, z: str, **more: Any) -> Any:
    module = folder / "user.py"
    module.write_text(SCALED % z)
    schema = artifact(Schema, {"schema.pbtxt": SCHEMA})
    return run_component(Transform, examples=[given], schema=schema, module_file=module, **more)


def warnings(given: Examples, folder: Path, z: str, **more: Any) -> list[str]:
    gate = transform(given, folder, z, **more).gate
    return [] if gate is None else [each.reason for each in gate.findings]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_feature_that_infinite_numbers_spoil_throughout_is_an_error(
    engine: str, tmp_path: Path
) -> None:
    with pytest.raises(ExecutorError) as caught:
        transform(examples(1.0, INF, 3.0, -INF), tmp_path, RANGE, engine=engine)
    assert caught.value.message == (
        "preprocessing_fn makes 'z' NaN for all examples: the feature 'x' has 2 of 4 numbers "
        "infinite in the examples that are analyzed"
    )
    assert "tf.math.is_finite" in str(caught.value.hint)


@pytest.mark.parametrize("engine", ENGINES)
def test_infinite_numbers_are_counted_in_a_warning(engine: str, tmp_path: Path) -> None:
    (said,) = warnings(examples(1.0, INF, 3.0), tmp_path, "x - x", engine=engine)
    assert "the feature 'x' has 1 of 3 numbers infinite in the examples that are analyzed" in said
    assert "in the result there are NaN in 'z' (1 of 5)" in said


def test_what_is_only_transformed_is_told_apart(tmp_path: Path) -> None:
    given = written({"train": [(1.0, "w"), (2.0, "w")], "eval": [(INF, "w")]})
    (said,) = warnings(given, tmp_path, RANGE)
    assert "'x' has 1 of 3 numbers infinite in the examples that are transformed" in said
    assert "NaN" not in said


def test_infinite_numbers_that_the_user_replaces_leave_a_warning_only(
    tmp_path: Path, load: Load
) -> None:
    finite = "tft.scale_to_0_1(tf.where(tf.math.is_finite(x), x, tf.zeros_like(x)))"
    done = transform(examples(1.0, INF, 3.0), tmp_path, finite)
    (finding,) = done.gate.findings
    assert finding.action == "warn"
    assert "'x' has 1 of 3 numbers infinite" in finding.reason
    assert load(done.outputs["transformed_examples"])["z"].notna().all()


def test_nan_of_finite_numbers_is_the_users(tmp_path: Path) -> None:
    assert warnings(examples(1.0, 2.0), tmp_path, "x * float('nan')") == []


def test_nan_that_is_handed_through_is_no_error(tmp_path: Path) -> None:
    assert warnings(examples(NAN, NAN), tmp_path, "x") == []
