"""Loaders for `artifact.load()`, by artifact type: entry points of `mlops_pipeline.loaders`."""

from __future__ import annotations

import glob
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_components.evaluation import METRICS_FILE, PLOTS_FILE
from mlops_components.records import (
    PayloadFormat,
    files_of_split,
    joined_frames,
    read_frame,
    read_sequences,
)
from mlops_components.training import BEST_FILE, RESULTS_FILE, TRIALS_FILE, read_metrics
from mlops_components.training import METRICS_FILE as TRAINING_FILE
from mlops_pipeline.artifacts import (
    ExampleAnomalies,
    Examples,
    ExamplesDiff,
    ExampleStatistics,
    HyperParameters,
    Model,
    ModelEvaluation,
    ModelRun,
    PushedModel,
    Schema,
    TransformGraph,
    TunerResults,
)
from mlops_pipeline.errors import NotFoundError, PipelineError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class CrossSlice:
    """Two slices that were compared.

    Args:
        baseline, slice: as `{feature: value}`; empty for all examples.
        metrics: those of the baseline minus those of the slice.
        intervals: lower and upper bound of metrics that have confidence intervals.
    """

    baseline: dict[str, Any]
    slice: dict[str, Any]
    metrics: dict[str, float | None]
    intervals: dict[str, list[float | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class EvaluationResult:
    """Metrics of a model.

    Args:
        path: the files, as `tfma.load_eval_result(str(path))` takes them.
        overall: metrics of all examples, by name.
        slices: pairs of a slice, as `{feature: value}`, and its metrics.
        intervals: pairs of a slice and the lower and upper bounds of its metrics, where confidence
            intervals were computed; all examples are the slice `{}`.
        cross_slices: slices that were compared.
        plots: pairs of a slice and the data of its plots, by TFMA's names.
        blessed: whether all thresholds held; None if there was none.
        reasons: the thresholds that did not hold, a line each.
    """

    path: Path
    overall: dict[str, float | None]
    slices: list[tuple[dict[str, Any], dict[str, float | None]]] = field(default_factory=list)
    intervals: list[tuple[dict[str, Any], dict[str, list[float | None]]]] = field(
        default_factory=list
    )
    cross_slices: list[CrossSlice] = field(default_factory=list)
    plots: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    blessed: bool | None = None
    reasons: list[str] = field(default_factory=list)

    def of(self, **features: Any) -> dict[str, float | None]:
        """Return the metrics of one slice: `result.of(island="Dream")`.

        Raises:
            NotFoundError: there is no such slice.
        """
        for key, metrics in self.slices:
            if key == features:
                return metrics
        known = "; ".join(", ".join(f"{k}={v}" for k, v in key.items()) for key, _ in self.slices)
        raise NotFoundError(f"there is no slice {features}", hint=f"the slices are {known}")


def load_examples(artifact: Examples) -> pd.DataFrame:
    """Return all examples; the index has the split and the row: `frame.loc["train"]`.

    A feature with at most one value a row becomes a plain column, any other one holds lists; a
    feature of the steps of a SequenceExample holds a list for each step. Whole numbers beyond 2**53
    stay whole numbers where others are missing, beside None.
    """
    sequence = artifact.properties.get("payload_format") == PayloadFormat.TF_SEQUENCE_EXAMPLE
    takes = [PayloadFormat.TF_EXAMPLE, PayloadFormat.TF_SEQUENCE_EXAMPLE]
    splits = {}
    for split in artifact.splits:
        files = files_of_split(artifact, split, takes=takes)
        patterns = [glob.escape(str(file)) for file in files]
        splits[split] = read_sequences(files) if sequence else read_frame(patterns)
        files.check(len(splits[split]), "in this process")
    return joined_frames(splits, ["split", "row"])


def load_statistics(artifact: ExampleStatistics) -> dict[str, Any]:
    """Load `DatasetFeatureStatisticsList` by split; "" names Transform's, which have none."""
    from mlops_components.statistics import _tfdv

    return {split: _tfdv.read_statistics(artifact, split) for split in artifact.splits or [""]}


def describe_examples(artifact: Examples, folder: Path) -> None:
    """Write the statistics of examples to a folder, for examples that have none in the store."""
    from mlops_components.statistics_gen import StatisticsGen

    StatisticsGen.function(examples=artifact, statistics=ExampleStatistics(str(folder)))


def load_examples_diff(artifact: ExamplesDiff) -> dict[str, Any]:
    """Load the differences, by pair of splits: `features`, `sample`, `matches`, `confusion`."""
    from mlops_components.statistics import _pair_examples

    return dict(_pair_examples.read_diff(artifact))


def load_schema(artifact: Schema) -> Any:
    """Return the `schema_pb2.Schema`."""
    from mlops_components.statistics import _tfdv

    return _tfdv.read_schema(artifact)


def load_anomalies(artifact: ExampleAnomalies) -> dict[str, Any]:
    """Load `anomalies_pb2.Anomalies` by split; "" names Transform's, which have none."""
    from mlops_components.statistics import _tfdv

    whole = (artifact.path / _tfdv.ANOMALIES_FILE).exists()
    splits = artifact.splits or ([""] if whole else [])
    return {split: _tfdv.read_anomalies(artifact, split) for split in splits}


def load_transform_graph(artifact: TransformGraph, *, trusted: bool = False) -> Any:
    """Return the `tft.TFTransformOutput`, which loads its graph when it is first used.

    Raises:
        PipelineError: the graph has operations that reach out of it, and is not `trusted`.
    """
    import tensorflow_transform as tft

    graph = artifact.path / tft.TFTransformOutput.TRANSFORM_FN_DIR
    if not trusted and graph.is_dir():
        _refuse_reaching_out(graph)
    return tft.TFTransformOutput(str(artifact.path))


def load_model(artifact: Model | PushedModel, *, trusted: bool = False) -> Any:
    """Return the model: a Keras model if saved as one, else a SavedModel with `.signatures`.

    Raises:
        PipelineError: it has operations that reach files, networks or Python, or a Lambda of Keras,
            and is not `trusted`.
    """
    folder = artifact.serving if isinstance(artifact, Model) else artifact.path
    if not folder.is_dir():
        folder = artifact.path
    saved = sorted(folder.glob("*.keras"))
    if saved:
        import keras

        try:
            return keras.models.load_model(saved[0], safe_mode=not trusted)
        except ValueError as error:
            if trusted or "safe" not in str(error):
                raise
            raise PipelineError(
                f"the model {saved[0]} is not loaded: to load it runs code that it holds",
                hint="if you trust who made it, load it with `artifact.load(trusted=True)`",
            ) from error
    if not (folder / "saved_model.pb").is_file():
        raise _foreign(folder)
    if not trusted:
        _refuse_reaching_out(folder)
    import tensorflow as tf

    return tf.saved_model.load(str(folder))


def _refuse_reaching_out(folder: Path) -> None:
    from mlops_components.models import _graph_ops

    _graph_ops.refuse_reaching_out(folder)


def _foreign(folder: Path) -> NotFoundError:
    """Return the error for a model that only its own library can load."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        return NotFoundError(f"there is no model at {folder}", hint="train it again")
    # To load a pickle is to run what is in it: that is for the user to decide.
    return NotFoundError(
        f"{files[0]} is not loaded for you: it is neither a Keras file nor a SavedModel",
        hint="load it with the library that wrote it, if you trust who did (as joblib.load(...))",
    )


def load_model_run(artifact: ModelRun) -> pd.DataFrame:
    """Return the metrics that a training recorded, a row for each step; needs no TensorFlow."""
    import pandas as pd

    rows = list(read_metrics(artifact.path / TRAINING_FILE))
    index = pd.Index([step for step, _ in rows], name="step")
    return pd.DataFrame([metrics for _, metrics in rows], index=index)


def load_hyperparameters(artifact: HyperParameters) -> dict[str, Any]:
    """Return the best value of each hyperparameter; needs no TensorFlow."""
    return dict(_json(artifact.path / BEST_FILE).get("values", {}))


def load_tuner_results(artifact: TunerResults) -> pd.DataFrame:
    """Return all trials, a row for each; needs no TensorFlow."""
    import pandas as pd

    file = artifact.path / TRIALS_FILE
    if not file.exists():
        # TFX's own tuner writes the completed ones only.
        return pd.DataFrame(_json(artifact.path / RESULTS_FILE)).set_index("trial_id")
    frame = pd.json_normalize(_json(file), max_level=1)
    frame.columns = [name.removeprefix("hyperparameters.") for name in frame.columns]
    return frame.set_index("trial_id")


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise NotFoundError(f"{path} does not exist", hint="run the Tuner again") from None


def load_evaluation(artifact: ModelEvaluation) -> EvaluationResult:
    """Return the metrics; needs no TensorFlow."""
    path = artifact.path / METRICS_FILE
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        raise NotFoundError(
            f"{path} does not exist", hint="it is not an evaluation of our Evaluator; use TFMA"
        ) from None
    rows = [{"slice": {}, "metrics": found["overall"], **found}, *found["slices"]]
    validation = found.get("validation", {})
    return EvaluationResult(
        artifact.path,
        found["overall"],
        slices=[(each["slice"], each["metrics"]) for each in found["slices"]],
        intervals=[(row["slice"], row["intervals"]) for row in rows if "intervals" in row],
        cross_slices=[CrossSlice(**each) for each in found.get("cross_slices", ())],
        plots=_plots(artifact.path / PLOTS_FILE),
        blessed=validation.get("blessed"),
        reasons=validation.get("reasons", []),
    )


def _plots(path: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    if not path.is_file():
        return []
    return [(each["slice"], each["plots"]) for each in json.loads(path.read_text())]
