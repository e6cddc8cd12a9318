"""Evaluations in memory against the same on Beam, and what the memory engine adds."""

from pathlib import Path
from typing import Any

import pytest
from evaluated_trips import CLASSES, TIPS, Load, evaluate, rows, spec

from mlops_pipeline.artifacts import Examples
from mlops_pipeline.testing import artifact

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


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
