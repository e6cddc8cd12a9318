"""Whether a model can be served: found out in a process that the model may break."""

from typing import Any

import pytest
from validated_models import checked, parsed, twice, validated

from mlops_components import (
    ValidationSpec,
)
from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Examples, Model
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.testing import artifact

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def examples() -> Examples:
    import tensorflow as tf

    made = artifact(Examples)
    with SplitWriter(made, ["train", "eval"]) as writer:
        for row in range(3):
            value = tf.train.Feature(float_list=tf.train.FloatList(value=[row]))
            features = tf.train.Features(feature={"x": value})
            writer.write("train", tf.train.Example(features=features).SerializeToString())
    return made


def aborting(x: Any) -> Any:
    import tensorflow as tf

    with tf.control_dependencies([tf.raw_ops.Abort(error_msg="no", exit_without_error=False)]):
        return {"y": tf.identity(x)}


def hanging(x: Any) -> Any:
    import tensorflow as tf

    return {"y": x + tf.while_loop(lambda i: i >= 0.0, lambda i: [i * 1.0], [0.0])[0]}


def growing(x: Any) -> Any:
    import tensorflow as tf

    much = tf.random.uniform([150_000_000])
    return {"y": x + tf.while_loop(lambda i: i >= 0.0, lambda i: [i * 1.0], [much[0]])[0]}


def peaking(x: Any) -> Any:
    import tensorflow as tf

    return {"y": x + tf.random.uniform([150_000_000])[0]}


@pytest.fixture(scope="module")
def saved() -> Any:
    """Saves a function of the feature `x` as a model; `by_name` takes the feature itself."""
    import tensorflow as tf

    def save(function: Any) -> Model:
        made = artifact(Model)
        module = tf.Module()
        module.weight = tf.Variable(1.0)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
        def serve(examples: Any) -> Any:
            return function(module.weight * parsed(examples))

        @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.float32, name="x")])
        def by_name(x: Any) -> Any:
            return function(module.weight * x)

        signatures = {"serving_default": serve, "by_name": by_name}
        tf.saved_model.save(module, str(made.path / "Format-Serving"), signatures)
        return made

    return save


@pytest.mark.parametrize(
    ("function", "limits", "reason"),
    [
        (aborting, ValidationSpec(num_tries=2), "crashed its process: SIGABRT (2 tries)"),
        (hanging, ValidationSpec(num_tries=1, max_request_time_seconds=1), "took more than 1 s"),
    ],
    ids=["crash", "hang"],
)
def test_model_that_breaks_its_process_is_not_blessed(
    saved: Any, examples: Examples, function: Any, limits: ValidationSpec, reason: str
) -> None:
    blessing = validated(saved(function), examples, validation_spec=limits).outputs["blessing"]
    assert blessing.properties["reasons"] == [f"asked to answer, the model {reason}"]
    assert blessing.properties["blessed"] == 0
    assert [path.name for path in blessing.path.iterdir()] == ["INFRA_NOT_BLESSED"]


@pytest.fixture(scope="module")
def usual_mb(saved: Any, examples: Examples) -> int:
    """What a process with a small model takes: it depends on the version of TensorFlow."""
    found = validated(saved(twice), examples).outputs["blessing"].properties["memory_mb"]
    assert isinstance(found, int)
    return found


def test_model_that_takes_too_much_memory_is_not_blessed(
    saved: Any, examples: Examples, usual_mb: int
) -> None:
    # Between a small model and this one, which takes 600 MB more.
    limit = usual_mb + 300
    limits = ValidationSpec(num_tries=1, max_memory_mb=limit)
    blessing = validated(saved(growing), examples, validation_spec=limits).outputs["blessing"]
    reason = f"asked to answer, the model used more than {limit} MB of memory"
    assert blessing.properties["reasons"] == [reason]
    assert blessing.properties["blessed"] == 0


def test_a_short_peak_of_memory_counts(saved: Any, examples: Examples, usual_mb: int) -> None:
    limit = usual_mb + 300
    limits = ValidationSpec(num_tries=1, max_memory_mb=limit)
    blessing = validated(saved(peaking), examples, validation_spec=limits).outputs["blessing"]
    (reason,) = blessing.properties["reasons"]
    assert f"{limit} MB" in reason
    assert "of memory" in reason


def test_memory_of_the_parent_is_not_the_models(
    saved: Any, examples: Examples, usual_mb: int
) -> None:
    large = b"x" * 2**30
    found = validated(saved(twice), examples).outputs["blessing"].properties["memory_mb"]
    assert isinstance(found, int)
    assert found < usual_mb + 300
    assert len(large) > found


def test_a_limit_that_tensorflow_alone_needs_is_the_users_mistake(
    saved: Any, examples: Examples
) -> None:
    limits = ValidationSpec(max_memory_mb=100)
    with pytest.raises(ExecutorError, match="max_memory_mb is 100, but TensorFlow itself takes"):
        validated(saved(twice), examples, validation_spec=limits)


def test_model_that_cannot_be_loaded_is_refused(saved: Any) -> None:
    model = saved(twice)
    folder = model.path / "Format-Serving"
    assert checked(model)["event"] == "done"
    assert "did you mean 'by_name'?" in checked(model, signatures=["by_nam"])["reason"]
    assert "MetaGraphDef" in checked(model, tags=["other"])["reason"]
    data = next((folder / "variables").glob("*.data*"))
    data.write_bytes(b"")
    assert checked(model)["reason"].startswith("the model cannot be loaded: ")
    (folder / "saved_model.pb").write_bytes(b"\xff\xff")
    assert checked(model)["reason"].startswith("the model cannot be loaded: ")
    (folder / "saved_model.pb").unlink()
    assert "is not a SavedModel" in checked(model)["reason"]
