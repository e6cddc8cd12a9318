"""What `run_fn` is called with: the fields that TFX gives it, under the same names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class DataAccessor:
    """Ways to read examples, whatever format they are kept in.

    Args:
        tf_dataset_factory: takes file patterns, `tfxio.TensorFlowDatasetOptions` and a schema;
            gives a `tf.data.Dataset`.
        record_batch_factory: takes file patterns, `tfxio.RecordBatchesOptions` and a schema;
            gives Arrow record batches.
    """

    tf_dataset_factory: Callable[..., Any]
    record_batch_factory: Callable[..., Iterator[Any]]
    data_view_decode_fn: Callable[..., Any] | None = None


@dataclass
class FnArgs:
    """Arguments of the user's training function.

    Args:
        working_dir: an empty folder for whatever is only needed while training.
        train_files, eval_files: file patterns.
        train_steps, eval_steps: None where the number is not given.
        schema_path: the schema file; `schema_file` is TFX's older name for it.
        transform_graph_path: output of Transform; `transform_output` is TFX's older name for it.
        serving_model_dir: where the model that is served has to be written.
        model_run_dir: for logs and checkpoints.
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


def example_accessor() -> DataAccessor:
    """Reads files of tf.Example; TensorFlow is imported when it is first used."""
    return DataAccessor(_tf_dataset, _record_batches)


def _tf_dataset(file_pattern: Sequence[str], options: Any, schema: Any = None) -> Any:
    return _examples(file_pattern, schema).TensorFlowDataset(options)


def _record_batches(file_pattern: Sequence[str], options: Any, schema: Any = None) -> Iterator[Any]:
    return iter(_examples(file_pattern, schema).RecordBatches(options))


def _examples(file_pattern: Sequence[str], schema: Any) -> Any:
    from tfx_bsl.public import tfxio

    return tfxio.TFExampleRecord(
        list(file_pattern), schema=schema, telemetry_descriptors=["Trainer"]
    )
