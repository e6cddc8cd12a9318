"""Evaluations in memory against the same on Beam, and what the memory engine adds."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_components import Evaluator
from mlops_pipeline.artifacts import Artifact, Examples
from mlops_pipeline.testing import artifact, run_component

Load = Callable[[Artifact], Any]

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

ROWS = 300


def rows() -> list[dict[str, Any]]:
    """Trips with a binary and a class label, and predictions of both."""
    draw = random.Random(7)
    made = []
    for number in range(ROWS):
        tip, class_index = float(draw.random() < 0.4), draw.randrange(3)
        scores = [draw.random() + (place == class_index) for place in range(3)]
        made.append(
            {
                "payment": draw.choice(["Cash", "Card", "Card", "Prepaid"]),
                "hour": None if number % 50 == 7 else draw.randrange(4),
                "fare": draw.uniform(1, 30),
                "tip": tip,
                "said": min(max(0.5 + (tip - 0.5) * 0.4 + draw.gauss(0, 0.2), 0.0), 1.0),
                "class": class_index,
                "scores": [score / sum(scores) for score in scores],
            }
        )
    return made


@pytest.fixture(scope="module")
def trips() -> Examples:
    import pandas as pd

    from mlops_components import write_frames

    examples = artifact(Examples)
    write_frames(examples, {"eval": pd.DataFrame(rows())})
    return examples


def spec(*names: str, **others: Any) -> dict[str, Any]:
    return {"metrics": [{"class_name": name} for name in names], **others}


DEAR = "SELECT STRUCT(payment AS dear) FROM example.payment, example.fare WHERE fare > 9"

MEAN_LABEL: dict[str, Any] = {"class_name": "MeanLabel"}

MEAN_TIP: dict[str, Any] = {
    "class_name": "MeanPrediction",
    "threshold": {"value_threshold": {"lower_bound": 0.9}},
    "per_slice_thresholds": [
        {
            "slicing_specs": [{"feature_keys": ["hour"]}, {"feature_values": {"payment": "Gold"}}],
            "threshold": {"value_threshold": {"upper_bound": 0.5}},
        }
    ],
    "cross_slice_thresholds": [
        {
            "cross_slicing_specs": [
                {"baseline_spec": {}, "slicing_specs": [{"feature_keys": ["payment"]}]}
            ],
            "threshold": {"value_threshold": {"lower_bound": 0}},
        }
    ],
}

TIPS: dict[str, Any] = {
    "model_specs": [{"label_key": "tip", "prediction_key": "said", "example_weight_key": "fare"}],
    "slicing_specs": [
        {},
        {"feature_keys": ["payment"]},
        {"feature_keys": ["hour"]},
        {"feature_keys": ["payment"], "feature_values": {"hour": "2"}},
        {"feature_values": {"payment": "Gold"}},
        {"slice_keys_sql": DEAR},
    ],
    "cross_slicing_specs": [
        {"baseline_spec": {}, "slicing_specs": [{"feature_keys": ["payment"]}]}
    ],
    "metrics_specs": [
        spec(
            "ExampleCount", "WeightedExampleCount", "AUC", "BinaryAccuracy", "Precision",
            "Calibration", "FairnessIndicators", "CalibrationPlot",
        ),
        {"metrics": [MEAN_TIP, MEAN_LABEL], "example_weights": {"unweighted": True}},
        spec("BinaryCrossentropy", "MeanSquaredError", "SquaredPearsonCorrelation"),
    ],
}  # fmt: skip

CLASSES: dict[str, Any] = {
    "model_specs": [{"label_key": "class", "prediction_key": "scores"}],
    "slicing_specs": [{}, {"feature_keys": ["payment"]}],
    "metrics_specs": [
        spec("SparseCategoricalAccuracy", "MultiClassConfusionMatrixAtThresholds"),
        spec("AUC", "BinaryAccuracy", "Calibration", binarize={"class_ids": {"values": [0, 2]}}),
        spec("Precision", "Recall", binarize={"top_k_list": {"values": [1, 2]}}),
        spec("AUC", "Precision", aggregate={"micro_average": True}),
        spec(
            "AUC",
            aggregate={"macro_average": True, "class_weights": {"0": 1.0, "1": 2.0, "2": 3.0}},
        ),
    ],
}


OUTPUTS: dict[str, Any] = {
    "model_specs": [{"label_keys": {"a": "tip", "b": "class"}, "example_weight_key": "fare"}],
    "slicing_specs": [{}, {"feature_keys": ["payment"]}],
    "cross_slicing_specs": TIPS["cross_slicing_specs"],
    "metrics_specs": [
        spec("BinaryAccuracy", "AUC", "Calibration", output_names=["a"]),
        spec("SparseCategoricalAccuracy", output_names=["b"]),
        spec("Precision", output_names=["b"], binarize={"class_ids": {"values": [1]}}),
        {
            "output_names": ["a"],
            "metrics": [
                {
                    "class_name": "MeanPrediction",
                    "threshold": {
                        "change_threshold": {"direction": "HIGHER_IS_BETTER", "absolute": 0.5}
                    },
                }
            ],
        },
    ],
}

TWO_OUTPUTS = """
import numpy as np

def predict_fn(model_path):
    factor = float(open(model_path + '/factor.txt').read())

    def predict(frame):
        scores = np.stack(frame['scores'].to_list())
        return {'a': frame['said'].to_numpy() * factor, 'b': scores ** factor}

    return predict
"""


def evaluate(examples: Any, config: Any, **others: Any) -> dict[str, Any]:
    return run_component(Evaluator, examples=examples, eval_config=config, **others).outputs


@pytest.fixture(scope="module")
def tips(trips: Examples) -> dict[str, Any]:
    return evaluate(trips, TIPS, engine="memory")


@pytest.fixture(scope="module")
def classes(trips: Examples) -> dict[str, Any]:
    return evaluate(trips, CLASSES, engine="memory")


# Sums of doubles in another order, and for the metrics of Keras sums of floats: the last digits.
TOLERANCE = {"binary_crossentropy": 1e-5, "mean_squared_error": 1e-5}


@pytest.mark.slow  # Beam takes ten seconds and more for each.
@pytest.mark.parametrize("name", ["tips", "classes"])
def test_memory_computes_what_beam_computes(
    trips: Examples, load: Load, name: str, request: pytest.FixtureRequest
) -> None:
    ours = load(request.getfixturevalue(name)["evaluation"])
    config = {"tips": TIPS, "classes": CLASSES}[name]
    same(ours, load(evaluate(trips, config, engine="beam")["evaluation"]))


@pytest.mark.slow  # Beam takes ten seconds and more.
def test_memory_compares_outputs_with_a_baseline_as_beam_does(
    trips: Examples, load: Load, tmp_path: Path
) -> None:
    from mlops_pipeline.artifacts import Model

    module = tmp_path / "two_outputs.py"
    module.write_text(TWO_OUTPUTS)
    model, baseline = (artifact(Model, {"Format-Serving/factor.txt": f}) for f in ("1", "0.7"))
    inputs = {"model": model, "baseline_model": baseline, "module_file": module}
    ours, theirs = (
        load(evaluate(trips, OUTPUTS, engine=engine, **inputs)["evaluation"])
        for engine in ("memory", "beam")
    )
    same(ours, theirs)
    assert ours.overall["a/mean_prediction_diff"] == pytest.approx(
        0.3 * ours.overall["a/mean_prediction"], rel=1e-6
    )
    assert ours.reasons[-1].startswith("a/mean_prediction (change) of payment=Prepaid is 0.1")


def same(ours: Any, theirs: Any) -> None:
    """Check that two evaluations came to the same."""
    assert [where for where, _ in ours.slices] == [where for where, _ in theirs.slices]
    pairs = [(ours.overall, theirs.overall)]
    pairs += [(a, b) for (_, a), (_, b) in zip(ours.slices, theirs.slices, strict=True)]
    crossed = zip(ours.cross_slices, theirs.cross_slices, strict=True)
    pairs += [(a.metrics, b.metrics) for a, b in crossed]
    assert len(pairs) > 3
    for mine, other in pairs:
        assert mine.keys() == other.keys()
        for metric, value in other.items():
            allowed = TOLERANCE.get(metric.partition("@")[0], 1e-9)
            near = value if value is None else pytest.approx(value, rel=allowed, abs=1e-12)
            assert mine[metric] == near, metric
    assert (ours.blessed, ours.reasons) == (theirs.blessed, theirs.reasons)
    assert ours.plots == theirs.plots


def test_reasons_tell_slices_cross_slices_and_what_is_missing(
    tips: dict[str, Any], load: Load
) -> None:
    reasons = tips["blessing"].properties["reasons"]
    assert tips["blessing"].properties["blessed"] == 0
    assert any(line.startswith("mean_prediction of all is 0.4") for line in reasons)
    assert any(line.startswith("mean_prediction of all minus payment=") for line in reasons)
    assert any("no example is in the slice" in line and "Gold" in line for line in reasons)
    result = load(tips["evaluation"])
    assert result.reasons == reasons
    assert result.blessed is False
    assert [each.slice["payment"] for each in result.cross_slices] == ["Card", "Cash", "Prepaid"]
    assert list(result.plots[0][1]) == ["calibrationHistogramBuckets"]
    assert tips["evaluation"].properties["engine"] == "memory"


def test_slices_leave_out_what_has_no_value(tips: dict[str, Any], load: Load) -> None:
    result = load(tips["evaluation"])
    hours = [metrics for where, metrics in result.slices if list(where) == ["hour"]]
    fares = sum(row["fare"] for row in rows())
    known = sum(row["fare"] for row in rows() if row["hour"] is not None)
    dear = [row for row in rows() if row["fare"] > 9 and row["payment"] == "Cash"]
    assert result.of(dear="Cash")["mean_label"] == pytest.approx(
        sum(row["tip"] for row in dear) / len(dear)
    )
    # Weighted by the fare, as the model spec has it.
    assert result.overall["example_count"] == pytest.approx(fares, rel=1e-6)
    assert sum(metrics["example_count"] for metrics in hours) == pytest.approx(known, rel=1e-6)
    assert known < fares


@pytest.mark.parametrize("method", ["JACKKNIFE", "POISSON_BOOTSTRAP"])
def test_intervals_surround_the_value_and_are_the_same_again(
    trips: Examples, tips: dict[str, Any], load: Load, method: str
) -> None:
    high = {"value_threshold": {"lower_bound": 0.99}}
    config = {
        "model_specs": TIPS["model_specs"],
        "slicing_specs": [{}, {"feature_values": {"payment": "Card"}}],
        "options": {
            "compute_confidence_intervals": True,
            "confidence_intervals": {"method": method},
        },
        "metrics_specs": [{"metrics": [{"class_name": "BinaryAccuracy", "threshold": high}]}],
    }
    outputs = [evaluate(trips, config) for _ in range(2)]
    first, second = (load(each["evaluation"]) for each in outputs)
    accuracy = load(tips["evaluation"]).overall["binary_accuracy"]
    assert first.overall == {"binary_accuracy": pytest.approx(accuracy)}
    assert first.intervals == second.intervals
    assert [where for where, _ in first.intervals] == [{}, {"payment": "Card"}]
    for _, bounds in first.intervals:
        lower, upper = bounds["binary_accuracy"]
        assert lower < accuracy < upper < lower + 0.3
    reasons = outputs[0]["blessing"].properties["reasons"]
    assert reasons[0].startswith(f"binary_accuracy of all is {accuracy:.6g}, between 0.")


def test_several_examples_are_evaluated_together(trips: Examples, load: Load) -> None:
    config = {**CLASSES, "metrics_specs": [spec("ExampleCount")]}
    assert load(evaluate([trips, trips], config)["evaluation"]).overall == {
        "example_count": 2 * ROWS
    }


def test_small_slices_are_left_out(trips: Examples, load: Load) -> None:
    config = {
        **CLASSES,
        "options": {"min_slice_size": 100},
        "metrics_specs": [spec("ExampleCount")],
    }
    result = load(evaluate(trips, config)["evaluation"])
    assert result.of(payment="Card") == {
        "example_count": sum(r["payment"] == "Card" for r in rows())
    }
    assert result.of(payment="Cash") == {}


def test_fairness_thresholds_add_the_rates(trips: Examples, load: Load) -> None:
    config = {**TIPS, "metrics_specs": [], "cross_slicing_specs": []}
    outputs = evaluate(trips, config, fairness_indicator_thresholds=[0.25, 0.5])
    overall = load(outputs["evaluation"]).overall
    said = [row["said"] >= 0.5 for row in rows() if row["tip"]]
    weights = [row["fare"] for row in rows() if row["tip"]]
    right = sum(weight for weight, is_right in zip(weights, said, strict=True) if is_right)
    name = "fairness_indicators_metrics/true_positive_rate@0.50"
    assert overall[name] == pytest.approx(right / sum(weights), rel=1e-4)
    assert len(overall) == 20


def test_model_of_another_library_is_asked_by_the_module(
    trips: Examples, load: Load, tmp_path: Path
) -> None:
    import joblib
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    from mlops_pipeline.artifacts import Model

    frame = pd.DataFrame(rows())
    fitted = LogisticRegression().fit(frame[["fare", "said"]], frame["tip"])
    models = [artifact(Model, {"Format-Serving/note.txt": "x"}) for _ in range(2)]
    for model in models:
        joblib.dump(fitted, model.path / "Format-Serving" / "model.joblib")
    module = tmp_path / "asks.py"
    module.write_text(
        "import joblib\n"
        "def predict_fn(model_path):\n"
        "    model = joblib.load(model_path + '/model.joblib')\n"
        "    def predict(frame):\n"
        "        assert set(frame['payment']) == {'Cash', 'Card', 'Prepaid'}\n"
        "        assert frame['hour'].isna().sum() == 6\n"
        "        return model.predict_proba(frame[['fare', 'said']])[:, 1]\n"
        "    return predict\n"
    )
    better = {"change_threshold": {"direction": "HIGHER_IS_BETTER", "absolute": 0.01}}
    config = {
        "model_specs": [{"label_key": "tip"}],
        "metrics_specs": [{"metrics": [{"class_name": "BinaryAccuracy", "threshold": better}]}],
    }
    model, baseline = models
    outputs = evaluate(trips, config, model=model, baseline_model=baseline, module_file=module)
    overall = load(outputs["evaluation"]).overall
    right = fitted.predict(frame[["fare", "said"]]) == frame["tip"]
    assert overall["binary_accuracy"] == pytest.approx(right.mean())
    assert overall["binary_accuracy_diff"] == 0
    assert (
        outputs["blessing"].properties["reasons"][0].startswith("binary_accuracy (change) of all")
    )


TFX_MODULE = """
import apache_beam as beam
import joblib
import numpy as np
import tensorflow_model_analysis as tfma

def custom_eval_shared_model(eval_saved_model_path, model_name, eval_config, **kwargs):
    load = lambda: joblib.load(eval_saved_model_path + '/model.joblib')
    return tfma.default_eval_shared_model(
        eval_saved_model_path=eval_saved_model_path, model_name=model_name,
        eval_config=eval_config, custom_model_loader=tfma.ModelLoader(construct_fn=load), **kwargs)

class Predict(beam.DoFn):
    def __init__(self, model):
        self.load = model.model_loader.construct_fn

    def setup(self):
        self.model = self.load()

    def process(self, extracts):
        columns = [extracts['features'][name].reshape(-1, 1) for name in ('fare', 'said')]
        said = self.model.predict_proba(np.concatenate(columns, axis=1))[:, 1]
        yield {**extracts, tfma.PREDICTIONS_KEY: said}

def custom_extractors(eval_shared_model, eval_config, tensor_adapter_config):
    predict = tfma.extractors.Extractor('Predict', beam.ParDo(Predict(eval_shared_model)))
    first, *others = tfma.default_extractors(
        eval_shared_model=eval_shared_model, eval_config=eval_config,
        tensor_adapter_config=tensor_adapter_config, custom_predict_extractor=predict)
    more = tfma.extractors.Extractor('More', beam.Map(add_label))
    return [first, more, *others]

def add_label(extracts):
    features = extracts['features']
    return {**extracts, 'features': {**features, 'tipped': features['tip']}}
"""


def test_module_written_for_tfx_brings_its_model_and_extractors(
    trips: Examples, load: Load, tmp_path: Path
) -> None:
    import joblib
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    from mlops_pipeline.artifacts import Model

    frame = pd.DataFrame(rows())
    fitted = LogisticRegression().fit(frame[["fare", "said"]].to_numpy(), frame["tip"])
    model = artifact(Model, {"Format-Serving/note.txt": "x"})
    joblib.dump(fitted, model.path / "Format-Serving" / "model.joblib")
    module = tmp_path / "extractors.py"
    module.write_text(TFX_MODULE)
    config = {"model_specs": [{"label_key": "tipped"}], "metrics_specs": [spec("BinaryAccuracy")]}
    outputs = evaluate(trips, config, model=model, module_file=module)
    right = fitted.predict(frame[["fare", "said"]].to_numpy()) == frame["tip"]
    assert load(outputs["evaluation"]).overall["binary_accuracy"] == pytest.approx(right.mean())


def test_keras_file_gets_the_features_that_its_inputs_are_named_after(
    trips: Examples, load: Load
) -> None:
    import keras
    import numpy as np
    import pandas as pd

    from mlops_pipeline.artifacts import Model

    inputs = [keras.Input((1,), name=name) for name in ("fare", "said")]
    said = keras.layers.Dense(1, activation="sigmoid")(keras.layers.Concatenate()(inputs))
    network = keras.Model(inputs, said)
    network.layers[-1].set_weights([np.array([[0.01], [2.0]]), np.array([-1.0])])
    model = artifact(Model, {"Format-Serving/note.txt": "x"})
    network.save(model.path / "Format-Serving" / "model.keras")
    config = {
        "model_specs": [{"label_key": "tip"}],
        "metrics_specs": [spec("BinaryAccuracy", "MeanPrediction")],
    }
    overall = load(evaluate(trips, config, model=model)["evaluation"]).overall
    frame = pd.DataFrame(rows())
    predicted = 1 / (1 + 2.718281828 ** -(0.01 * frame["fare"] + 2 * frame["said"] - 1))
    assert overall["mean_prediction"] == pytest.approx(predicted.mean(), rel=1e-5)
    assert overall["binary_accuracy"] == ((predicted > 0.5) == (frame["tip"] == 1)).mean()


def test_what_memory_does_not_offer_is_said_and_done(
    trips: Examples, load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    ranking = {"class_name": "NDCG", "config": '{"gain_key": "fare", "top_k_list": [3]}'}
    config = {
        "model_specs": [{"label_key": "tip", "prediction_key": "said"}],
        "metrics_specs": [{"metrics": [ranking], "query_key": "payment"}],
    }
    with caplog.at_level("WARNING", "mlops_components.evaluation._tfma"):
        overall = load(evaluate(trips, config)["evaluation"]).overall
    assert "example by example: metrics_specs have a query_key" in caplog.text
    assert 0 < overall["ndcg@topK:3"] < 1


def test_config_object_of_tfma_is_taken_as_it_is() -> None:
    import tensorflow_model_analysis as tfma
    from google.protobuf import json_format

    from mlops_pipeline.interface import checked

    config = json_format.ParseDict(TIPS, tfma.EvalConfig())
    given = checked(config, dict[str, Any] | str | None)
    assert json_format.ParseDict(given, tfma.EvalConfig()) == config


@pytest.mark.parametrize("buckets", [0, 1, 40, 900])
def test_curves_are_equal_to_the_last_bit(buckets: int) -> None:
    from tensorflow_model_analysis.metrics import binary_confusion_matrices as bcm
    from tensorflow_model_analysis.metrics import calibration_histogram as ch

    from mlops_components.evaluation import _curves

    draw = random.Random(buckets)
    ids = sorted(draw.sample(range(ch.DEFAULT_NUM_BUCKETS + 2), buckets))
    histogram = [ch.Bucket(i, draw.random(), draw.random(), 1 + draw.random()) for i in ids]
    for thresholds in ([0.5], [0.25, 0.75], [-1e-7, 0.1, 0.5, 1.0 + 1e-7], [-0.5, 0.3, 1.5]):
        theirs = ch.rebin(thresholds, histogram)
        ours = _curves.rebin(thresholds, histogram)
        assert list(ours) == theirs
        assert [ours[place] for place in range(len(ours))] == theirs
        wanted = bcm._histogram_to_binary_confusion_matrices(thresholds, theirs)
        assert _curves.matrices(thresholds, ours) == wanted
        assert _curves.matrices(thresholds, theirs) == wanted
