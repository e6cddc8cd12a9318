"""Arguments of `run_fn` and `tuner_fn`: the fields that TFX gives, under the same names."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from mlops_components.records import PayloadFormat, chosen_splits, files_of_split
from mlops_pipeline.artifacts import Examples, Model, Schema, TransformGraph
from mlops_pipeline.errors import (
    DefinitionError,
    ExecutorError,
    NotFoundError,
    ParameterError,
)
from mlops_pipeline.executors import current_task

EVAL_FOLDER = "Format-TFMA"
BEST_FILE = "best_hyperparameters.txt"

RESULTS_FILE = "tuner_results.json"
TRIALS_FILE = "trials.json"

SERVING_FOLDER = "Format-Serving"


@dataclass(frozen=True)
class TrainArgs:
    """On what to train: splits (`train` by default) and steps (0: as `run_fn` decides)."""

    num_steps: int = 0
    splits: list[str] = field(default_factory=lambda: ["train"])

    def __post_init__(self) -> None:
        """Refuse what no training can do.

        Raises:
            ParameterError: the number of steps is negative.
        """
        _check_steps("TrainArgs", self.num_steps)


@dataclass(frozen=True)
class EvalArgs:
    """On what to evaluate: splits (`eval` by default) and steps (0: as `run_fn` decides)."""

    num_steps: int = 0
    splits: list[str] = field(default_factory=lambda: ["eval"])

    def __post_init__(self) -> None:
        """Refuse what no evaluation can do.

        Raises:
            ParameterError: the number of steps is negative.
        """
        _check_steps("EvalArgs", self.num_steps)


def _check_steps(name: str, steps: int) -> None:
    # While a pipeline is written, it may be a value that only a run knows.
    if isinstance(steps, int) and steps < 0:
        raise ParameterError(
            f"{name}: num_steps cannot be {steps}",
            hint="give the number of batches, or 0 to leave it to your function",
        )


@dataclass(frozen=True)
class RecordBatchesOptions:
    """Options for reading examples as Arrow record batches, as `tfx_bsl`'s class has them.

    That one imports TensorFlow, this one does not.

    Args:
        num_epochs: how often all examples are read; None never ends.
        shuffle_buffer_size: examples among which the next one is drawn.
    """

    batch_size: int
    drop_final_batch: bool = False
    num_epochs: int | None = None
    shuffle: bool = True
    shuffle_buffer_size: int = 10000
    shuffle_seed: int | None = None


@dataclass(frozen=True)
class DataAccessor:
    """Ways to read examples, whatever format they are kept in.

    Args:
        tf_dataset_factory: takes file patterns, `tfxio.TensorFlowDatasetOptions` and a schema;
            gives a `tf.data.Dataset`.
        record_batch_factory: takes file patterns, `RecordBatchesOptions` (None: all examples
            once, in their order) and a schema; gives Arrow record batches, without TensorFlow.
    """

    tf_dataset_factory: Callable[..., Any]
    record_batch_factory: Callable[..., Iterator[Any]]
    data_view_decode_fn: Callable[..., Any] | None = None


@dataclass
class FnArgs:
    """Arguments of the user's training or tuning function.

    Args:
        working_dir: a folder that a further attempt at the same node finds again: for checkpoints.
        train_files, eval_files: file patterns.
        train_steps, eval_steps: None where the number is not given.
        schema_path: the schema file; `schema_file` is TFX's older name for it.
        transform_graph_path: output of Transform; `transform_output` is TFX's older name for it.
        serving_model_dir: where the model that is served has to be written.
        model_run_dir: for logs.
        base_model: an earlier model to start from.
        hyperparameters: configuration of a `keras_tuner.HyperParameters`.
        custom_config: the component's parameter of that name.
    """

    working_dir: str | None = None
    train_files: list[str] = field(default_factory=list)
    eval_files: list[str] = field(default_factory=list)
    train_steps: int | None = None
    eval_steps: int | None = None
    schema_path: str | None = None
    schema_file: str | None = None
    transform_graph_path: str | None = None
    transform_output: str | None = None
    data_accessor: DataAccessor | None = None
    serving_model_dir: str | None = None
    eval_model_dir: str | None = None
    model_run_dir: str | None = None
    base_model: str | None = None
    hyperparameters: dict[str, Any] | None = None
    custom_config: dict[str, Any] | None = None


class TunerFnResult(NamedTuple):
    """Result of `tuner_fn`: a tuner of KerasTuner, and the arguments of its search."""

    tuner: Any
    fit_kwargs: dict[str, Any]


def data_fields(
    examples: Sequence[Examples], train: TrainArgs | None, evaluate: EvalArgs | None
) -> dict[str, Any]:
    """Return the fields that say what to train and to evaluate on.

    Raises:
        ExecutorError: there are no examples.
        NotFoundError: a split is not there.
    """
    if not examples:
        raise ExecutorError(
            "there are no examples to train on",
            hint="the query that gives `examples` found nothing: widen it",
            retryable=False,
        )
    train, evaluate = train or TrainArgs(), evaluate or EvalArgs()
    return {
        "train_files": _patterns(examples, train.splits or ["train"]),
        "eval_files": _patterns(examples, evaluate.splits or ["eval"]),
        "train_steps": train.num_steps or None,
        "eval_steps": evaluate.num_steps or None,
        "data_accessor": example_accessor(payload_of(examples)),
    }


def helper_fields(
    transform_graph: TransformGraph | None, schema: Schema | None, base_model: Model | None
) -> dict[str, Any]:
    """Return the fields that say what else there is, under TFX's newer and older names."""
    graph = str(transform_graph.path) if transform_graph else None
    file = str(_schema_file(schema)) if schema else None
    return {
        "transform_graph_path": graph,
        "transform_output": graph,
        "schema_path": file,
        "schema_file": file,
        "base_model": str(_served(base_model)) if base_model else None,
    }


def _patterns(examples: Sequence[Examples], splits: Sequence[str]) -> list[str]:
    patterns = []
    for split in splits:
        for each in examples:
            chosen_splits(each.splits, [split])
            files_of_split(each, split, takes=tuple(PayloadFormat))
            patterns.append(str(each.split(split) / "*"))
    return patterns


def working_folder() -> Path:
    """Return the folder that a further attempt finds again; outside a task, a temporary one."""
    try:
        return current_task().state_dir
    except DefinitionError:
        return Path(tempfile.mkdtemp(prefix="mlops-"))


def _schema_file(schema: Schema) -> Path:
    """Return `schema.pbtxt`, or the one file of an imported schema."""
    usual = schema.path / "schema.pbtxt"
    if schema.path.is_file():
        return schema.path
    files = [path for path in schema.path.glob("*") if path.is_file()]
    return files[0] if len(files) == 1 else usual


def _served(model: Model) -> Path:
    """Return the folder of an earlier model; imported ones may lack the folder in between."""
    folder = model.serving
    folder = folder if folder.is_dir() else model.path
    if not folder.is_dir() or not any(folder.iterdir()):
        raise NotFoundError(
            f"base_model: there is no model at {folder}", hint="its files were removed: train again"
        )
    return folder


def payload_of(examples: Sequence[Examples]) -> str:
    """Return the format of the examples' records, by TFX's names.

    Raises:
        ExecutorError: they are not of one kind.
    """
    unnamed = PayloadFormat.TF_EXAMPLE
    kinds = {str(each.properties.get("payload_format") or unnamed) for each in examples}
    if len(kinds) > 1:
        raise ExecutorError(
            f"the examples are of several kinds: {', '.join(sorted(kinds))}",
            hint="give examples of one payload_format",
            retryable=False,
        )
    return kinds.pop()


def example_accessor(payload: str = PayloadFormat.TF_EXAMPLE) -> DataAccessor:
    """Return a reader of examples; only `tf.data.Dataset` imports TensorFlow."""
    if payload not in (PayloadFormat.TF_EXAMPLE, PayloadFormat.TF_SEQUENCE_EXAMPLE):
        refuse = functools.partial(_refuse, payload)
        return DataAccessor(refuse, refuse)
    return DataAccessor(
        functools.partial(_tf_dataset, payload), functools.partial(_record_batches, payload)
    )


def _refuse(payload: str, *_: Any) -> Any:
    raise ExecutorError(
        f"data_accessor does not read examples that are {payload}",
        hint="read the records of fn_args.train_files, and parse them with your own message type",
        retryable=False,
    )


# The first is bound; the rest are TFX's.
def _tf_dataset(payload: str, file_pattern: Sequence[str], options: Any, schema: Any = None) -> Any:
    from tfx_bsl.public import tfxio

    sequences = payload == PayloadFormat.TF_SEQUENCE_EXAMPLE
    kind = tfxio.TFSequenceExampleRecord if sequences else tfxio.TFExampleRecord
    source = kind(list(file_pattern), schema=schema, telemetry_descriptors=["Trainer"])
    return source.TensorFlowDataset(options)


def _record_batches(
    payload: str, file_pattern: Sequence[str], options: Any = None, schema: Any = None
) -> Iterator[Any]:
    from mlops_components.records import read_record_batches

    return read_record_batches(file_pattern, options, schema, payload=payload)
