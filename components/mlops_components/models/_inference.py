"""Batch inference: the library that TFX uses answers, batch by batch or over Beam.

This module imports TensorFlow and Beam when it is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import apache_beam as beam
import numpy as np
import tensorflow as tf
from tensorflow.python.saved_model import loader_impl
from tfx_bsl.beam.run_inference import create_model_handler
from tfx_bsl.public.beam.run_inference import RunInference
from tfx_bsl.public.proto import model_spec_pb2

from mlops_components.engines import open_pipeline
from mlops_components.models._ask import message_of
from mlops_components.records import SplitFiles, records_of_files
from mlops_components.records._beam_reads import Reads
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError, did_you_mean

if TYPE_CHECKING:
    from mlops_components.models.inference_specs import OutputColumnsSpec, OutputExampleSpec

BATCH_ROWS = 1024
"""Always the same: the last bits of a product of matrices depend on their size."""

_KINDS = {
    tf.saved_model.PREDICT_METHOD_NAME: "predict_output",
    tf.saved_model.CLASSIFY_METHOD_NAME: "classify_output",
    tf.saved_model.REGRESS_METHOD_NAME: "regress_output",
}


Ask = Callable[[list[bytes]], Iterable[Any]]
"""Takes records, gives a `PredictionLog` for each."""


class Inference(Protocol):
    """A model that is asked for many records."""

    @property
    def signatures(self) -> Mapping[str, Any]:
        """The signatures that are asked, by name."""

    def opened(self) -> AbstractContextManager[Ask]:
        """Return a context in which the model is loaded."""

    def transform(self) -> Any:
        """Return the step of a Beam pipeline from records to `PredictionLog`s."""


def write(
    inference: Inference, targets: Mapping[Path, SplitFiles], columns: Columns | None
) -> None:
    """Ask for the records of files, one batch in memory at a time, and write what comes.

    Args:
        targets: the files to read, by the beginning of the name of the file to write.
    """
    with inference.opened() as ask:
        for prefix, files in targets.items():
            options = tf.io.TFRecordOptions(compression_type="GZIP")
            path = f"{prefix}-00000-of-00001.gz"
            with tf.io.TFRecordWriter(path, options) as writer:
                for records in records_of_files(files, BATCH_ROWS):
                    for log in ask(records):
                        writer.write(_record(log, columns))


def write_with_beam(
    inference: Inference,
    targets: Mapping[Path, SplitFiles],
    columns: Columns | None,
    arguments: Sequence[str],
) -> None:
    """Do the same as a Beam pipeline; the runner decides on batches, files and order."""
    reads = Reads(next(iter(targets)).parent)
    with open_pipeline(arguments) as pipeline:
        for number, (prefix, files) in enumerate(targets.items()):
            answers = (
                pipeline
                | f"Read[{number}]" >> reads.records(files)
                | f"Infer[{number}]" >> inference.transform()
                | f"Convert[{number}]" >> beam.Map(_record, columns)
            )
            _ = answers | f"Written[{number}]" >> reads.written()
            _ = answers | f"Write[{number}]" >> beam.io.WriteToTFRecord(
                str(prefix), file_name_suffix=".gz"
            )
    reads.check()


class SavedModelInference:
    """Signatures of a SavedModel, which take serialised examples.

    Attributes:
        signatures: those that are asked, by name.
    """

    def __init__(self, folder: Path, signatures: Sequence[str], tags: Sequence[str]) -> None:
        names = signatures or [tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY]
        self.signatures = _signatures(folder, names, tags or [tf.saved_model.SERVING])
        self._spec = model_spec_pb2.InferenceSpecType()
        saved = self._spec.saved_model_spec
        saved.model_path, saved.signature_name[:], saved.tag[:] = str(folder), signatures, tags
        try:
            self._handler = create_model_handler(self._spec, None, None)
        except (ValueError, RuntimeError, NotImplementedError) as error:
            raise ExecutorError(
                f"the model at {folder} cannot be asked: {error}",
                hint="choose a signature that takes serialised examples",
                retryable=False,
            ) from None

    @contextmanager
    def opened(self) -> Iterator[Ask]:
        """Return a context in which the model is loaded."""
        # Not as a context itself: that would switch TensorFlow's eager mode off.
        with closing(self._loaded()) as model:
            yield lambda records: self._answers(records, model)

    def transform(self) -> Any:
        """Return TFX's step of a Beam pipeline."""
        return RunInference(self._spec)

    def _loaded(self) -> Any:
        try:
            return self._handler.load_model()
        # Damaged files show as errors of every kind.
        except Exception as error:
            raise ExecutorError(
                f"the model at {self._spec.saved_model_spec.model_path} cannot be loaded: "
                f"{message_of(error)}",
                hint="train it again",
                retryable=False,
            ) from error

    def _answers(self, records: list[bytes], model: Any) -> Any:
        try:
            return self._handler.run_inference(records, model)
        except (ValueError, tf.errors.OpError) as error:
            raise ExecutorError(
                f"the model at {self._spec.saved_model_spec.model_path} fails on an example: "
                f"{message_of(error)}",
                hint="give it the examples that its signature takes",
                retryable=False,
            ) from None


def _signatures(folder: Path, names: Sequence[str], tags: Sequence[str]) -> dict[str, Any]:
    try:
        saved = loader_impl.parse_saved_model(str(folder))
    except OSError as error:
        raise NotFoundError(
            f"there is no SavedModel at {folder}: {error}", hint="save one there, or train it again"
        ) from None
    graphs = {tuple(sorted(g.meta_info_def.tags)): g.signature_def for g in saved.meta_graphs}
    definitions = graphs.get(tuple(sorted(tags)))
    if definitions is None:
        known = "; ".join(", ".join(tags) for tags in graphs)
        raise NotFoundError(
            f"the model at {folder} has no graph tagged {', '.join(tags)}",
            hint=f"its graphs are tagged {known}",
        )
    for name in names:
        if name not in definitions:
            known_names = [n for n in definitions if not n.startswith("__")]
            raise NotFoundError(
                f"the model at {folder} has no signature {name!r}",
                hint=did_you_mean(name, known_names),
            )
    return {name: definitions[name] for name in names}


def _record(log: Any, columns: Columns | None) -> bytes:
    data: bytes = (columns.example(log) if columns else log).SerializeToString(deterministic=True)
    return data


class Columns:
    """Turns answers into columns of the example that they answer.

    Args:
        signatures: the signatures that are asked, by name.
        wanted: what becomes of the answers of each, and of the example's own columns.

    Raises:
        ParameterError: they do not belong together.
    """

    def __init__(self, signatures: Mapping[str, Any], wanted: OutputExampleSpec) -> None:
        specs = wanted.output_columns_spec
        self._kept = wanted.example_columns
        names = list(signatures)
        # A single signature needs no name.
        self._specs = {
            spec.signature_name or (names[0] if len(names) == 1 else _DEFAULT): spec
            for spec in specs
        }
        if len(specs) != len(names) or set(self._specs) != set(names):
            raise ParameterError(
                f"output_columns_spec is for {', '.join(self._specs) or 'nothing'}, "
                f"but asked is {', '.join(names)}",
                hint="give one for each model_signature_name",
            )
        for name, spec in self._specs.items():
            kind = _KINDS[signatures[name].method_name]
            given = [each for each in _KINDS.values() if getattr(spec, each) is not None]
            if given != [kind]:
                raise ParameterError(
                    f"output_columns_spec has {' and '.join(given) or 'no output'} for signature "
                    f"{name!r}",
                    hint=f"give {kind}",
                )
            _check_outputs(name, spec, signatures[name].outputs)

    def example(self, log: Any) -> Any:
        """Return the example of a prediction log, with the answers in further columns."""
        request, values = self._values(log)
        example = self._chosen(request)
        for name, value in values:
            if name in example.features.feature:
                raise ExecutorError(
                    f"output_columns_spec names the column {name!r}, which the examples have",
                    hint="choose another name",
                    retryable=False,
                )
            _fill(example.features.feature[name], value)
        return example

    def _chosen(self, request: Any) -> Any:
        """Return the example with the columns that are kept."""
        example = tf.train.Example()
        if self._kept is None:
            example.CopyFrom(request)
            return example
        features = request.features.feature
        for name in self._kept:
            if name not in features:
                raise ExecutorError(
                    f"output_example_spec: example_columns: an example has no {name!r}",
                    hint=did_you_mean(name, features),
                    retryable=False,
                )
            example.features.feature[name].CopyFrom(features[name])
        return example

    def _values(self, log: Any) -> tuple[Any, list[tuple[str, list[Any]]]]:
        kind = log.WhichOneof("log_type")
        if kind == "predict_log":
            return self._predicted(log.predict_log)
        request = getattr(log, kind).request.input.example_list.examples[0]
        if kind == "multi_inference_log":
            values = []
            for result in log.multi_inference_log.response.results:
                spec = self._specs[result.model_spec.signature_name]
                answer = getattr(result, result.WhichOneof("result"))
                values += _answered(answer, spec)
            return request, values
        (spec,) = self._specs.values()
        return request, _answered(getattr(log, kind).response.result, spec)

    def _predicted(self, log: Any) -> tuple[Any, list[tuple[str, list[Any]]]]:
        (record,) = log.request.inputs.values()
        (spec,) = self._specs.values()
        values = []
        for column in spec.predict_output.output_columns if spec.predict_output else []:
            if column.output_key not in log.response.outputs:
                raise ExecutorError(
                    f"the model gives no output {column.output_key!r}",
                    hint=did_you_mean(column.output_key, log.response.outputs),
                    retryable=False,
                )
            value = np.squeeze(tf.make_ndarray(log.response.outputs[column.output_key]))
            if value.ndim > 1:
                raise ExecutorError(
                    f"output {column.output_key!r} has the shape {value.shape} for one example",
                    hint="a column takes one value, or a list of them",
                    retryable=False,
                )
            values.append((column.output_column, np.atleast_1d(value).tolist()))
        return tf.train.Example.FromString(record.string_val[0]), values


_DEFAULT = tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY


def _check_outputs(name: str, spec: OutputColumnsSpec, outputs: Mapping[str, Any] | None) -> None:
    for column in spec.predict_output.output_columns if spec.predict_output else []:
        if outputs is not None and column.output_key not in outputs:
            raise ParameterError(
                f"signature {name!r} has no output {column.output_key!r}",
                hint=did_you_mean(column.output_key, list(outputs)),
            )


def _answered(result: Any, spec: OutputColumnsSpec) -> list[tuple[str, list[Any]]]:
    """Return the columns of a classification or a regression."""
    if spec.regress_output is not None:
        return [(spec.regress_output.value_column, [result.regressions[0].value])]
    classes = result.classifications[0].classes
    columns = []
    if spec.classify_output and spec.classify_output.label_column:
        columns.append((spec.classify_output.label_column, [c.label.encode() for c in classes]))
    if spec.classify_output and spec.classify_output.score_column:
        columns.append((spec.classify_output.score_column, [c.score for c in classes]))
    return columns


def _fill(feature: Any, values: list[Any]) -> None:
    first = values[0] if values else 0.0
    if isinstance(first, (str, bytes)):
        feature.bytes_list.value[:] = [v.encode() if isinstance(v, str) else v for v in values]
    elif isinstance(first, int):
        feature.int64_list.value[:] = values
    else:
        feature.float_list.value[:] = values
