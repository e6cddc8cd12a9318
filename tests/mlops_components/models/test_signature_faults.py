"""Models that do not answer examples: which model, signature and feature is at fault."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from evaluated_models import column

from mlops_components import Evaluator
from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Examples, Model
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.testing import artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

Save = Callable[..., Model]

CHANGE = {
    "value_threshold": {"lower_bound": 0.1},
    "change_threshold": {"direction": "HIGHER_IS_BETTER", "absolute": 0.0},
}


def config(**spec: Any) -> dict[str, Any]:
    metric = {"class_name": "AUC", "threshold": CHANGE}
    return {
        "model_specs": [{"label_key": "label", **spec}],
        "metrics_specs": [{"metrics": [metric]}],
    }


@pytest.fixture(scope="module")
def save(tmp_path_factory: pytest.TempPathFactory) -> Save:
    """Save a model that takes examples with a feature, or the feature itself."""
    import tensorflow as tf

    def saved(feature: str, *, is_parsed: bool = True, outputs: tuple[str, ...] = ("p",)) -> Model:
        def answer(values: Any) -> Any:
            return {name: tf.sigmoid(values) for name in outputs}

        def parse_and_answer(records: Any) -> Any:
            spec = {feature: tf.io.FixedLenFeature([1], tf.float32)}
            return answer(tf.io.parse_example(records, spec)[feature])

        takes = tf.TensorSpec([None], tf.string) if is_parsed else tf.TensorSpec([None, 1])
        takes = tf.TensorSpec(takes.shape, takes.dtype, name="records" if is_parsed else feature)
        serve = tf.function(parse_and_answer if is_parsed else answer, autograph=False)
        folder = tmp_path_factory.mktemp("model")
        signatures = {"serving_default": serve.get_concrete_function(takes)}
        tf.saved_model.save(tf.Module(), str(folder / "Format-Serving"), signatures)
        return Model(str(folder))

    return saved


@pytest.fixture(scope="module")
def examples() -> list[Examples]:
    return [column([{"x": number / 10, "label": float(number > 4)} for number in range(10)])]


def test_baseline_that_wants_what_is_gone_is_named(examples: list[Examples], save: Save) -> None:
    models = {"model": save("x"), "baseline_model": save("gone")}
    given = {"examples": examples, **models, "eval_config": config()}
    message = r"the baseline model at .* signature 'serving_default' fails on an example: .*gone"
    with pytest.raises(ExecutorError, match=message):
        run_component(Evaluator, **given)
    made = run_component(Evaluator, **given, unusable_baseline="ignore").outputs["blessing"]
    assert made.properties["blessed"] == 1
    assert "gone" in made.properties["baseline_error"]
    assert "baseline_model" not in made.properties


def test_candidate_at_fault_is_not_gone_past(examples: list[Examples], save: Save) -> None:
    with pytest.raises(ExecutorError, match=r"the model at .*gone"):
        run_component(
            Evaluator,
            examples=examples,
            model=save("gone"),
            baseline_model=save("x"),
            eval_config=config(),
            unusable_baseline="ignore",
        )


@pytest.mark.parametrize(
    ("how", "spec", "message"),
    [
        (
            {"feature": "dense_in", "is_parsed": False},
            {},
            "signature 'serving_default' takes 'dense_in', which is neither a serialised example",
        ),
        ({"feature": "x"}, {"signature_name": "predict"}, "has no signature 'predict'"),
        (
            {"feature": "x", "outputs": ("p", "q")},
            {},
            "gives p, q, and no prediction_key says which is the prediction",
        ),
        (
            {"feature": "x", "outputs": ("p", "q")},
            {"prediction_key": "r"},
            "gives no 'r', but p, q",
        ),
    ],
    ids=["input", "signature", "outputs", "prediction_key"],
)
def test_signature_at_fault_is_named(
    examples: list[Examples], save: Save, how: dict[str, Any], spec: dict[str, Any], message: str
) -> None:
    with pytest.raises(ExecutorError, match=message):
        run_component(Evaluator, examples=examples, model=save(**how), eval_config=config(**spec))


def test_change_that_is_too_small_is_a_reason(examples: list[Examples], save: Save) -> None:
    limits = {"direction": "HIGHER_IS_BETTER", "absolute": 0.25, "relative": 0.5}
    metric = {"class_name": "AUC", "threshold": {"change_threshold": limits}}
    made = run_component(
        Evaluator,
        examples=examples,
        model=save("x"),
        baseline_model=save("x"),
        eval_config={**config(), "metrics_specs": [{"metrics": [metric]}]},
    )
    assert made.outputs["blessing"].properties["reasons"] == [
        "auc (change) of all is 0 (threshold: a change of at least 0.25 and a change of at least "
        "0.5 of the baseline's value)"
    ]


def test_sequences_are_evaluated(tmp_path: Path) -> None:
    import tensorflow as tf

    examples = artifact(Examples, {}, payload_format="FORMAT_TF_SEQUENCE_EXAMPLE")
    with SplitWriter(examples, ["eval"]) as writer:
        for number in range(8):
            example = tf.train.SequenceExample()
            example.context.feature["label"].float_list.value.append(number % 2)
            steps = example.feature_lists.feature_list["clicks"]
            for _ in range(1 + 3 * (number % 2)):
                steps.feature.add().int64_list.value.append(1)
            writer.write("eval", example.SerializeToString())
    module = tmp_path / "asks.py"
    module.write_text(
        "def predict_fn(path):\n    return lambda frame: frame['clicks'].map(len) / 10\n"
    )
    made = run_component(
        Evaluator,
        examples=[examples],
        model=artifact(Model, {"Format-Serving/m": ""}),
        module_file=module,
        eval_config=config(),
    )
    assert made.outputs["evaluation"].load().overall["auc"] == pytest.approx(1)
