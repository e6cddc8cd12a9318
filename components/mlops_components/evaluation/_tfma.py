"""TensorFlow Model Analysis on two engines: in this process, or as a Beam pipeline.

This module imports TFMA and Beam when it is imported.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
import tensorflow as tf
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.api import model_eval_lib
from tfx_bsl.public import tfxio
from tfx_bsl.tfxio import tensor_adapter

from mlops_components.engines import _memory_runner, open_pipeline
from mlops_components.engines._memory_steps import Stream
from mlops_components.evaluation import _in_memory
from mlops_components.evaluation._checks import InputColumn, check_columns, columns_of, with_checks
from mlops_components.evaluation._config import metrics
from mlops_components.evaluation._models import Evaluated, predictions_of
from mlops_components.models import _signature_faults
from mlops_components.records import PayloadFormat, SplitFiles, read_split_batches
from mlops_components.records._beam_reads import Decode, Reads
from mlops_components.stacks import _tfma
from mlops_components.user_modules import optional_function
from mlops_pipeline.errors import ExecutorError, PipelineError
from mlops_pipeline.tracebacks import summary, traceback_tail

log = logging.getLogger(__name__)

RAW_RECORD = tfma.constants.ARROW_INPUT_COLUMN
"""The column of a batch that has the serialised examples."""


@dataclass(frozen=True)
class EvaluationExamples:
    """Examples to evaluate on.

    Args:
        files: of all splits.
        schema: `schema_pb2.Schema`, or None.
        payload: TFX's name for what a record is.
    """

    files: SplitFiles
    schema: Any = None
    payload: str = PayloadFormat.TF_EXAMPLE

    def batches(self, raw_record: str = "") -> Iterator[Any]:
        """Read them as Arrow record batches."""
        return read_split_batches(
            self.files, payload=self.payload, schema=self.schema, raw_record=raw_record
        )

    def decode(self) -> Decode:
        """Return the step of a Beam pipeline from records to batches."""
        return Decode(self.payload, self.schema, RAW_RECORD)

    def reader(self) -> Any:
        """Return TFMA's reader, which says how batches become tensors."""
        is_sequence = self.payload == PayloadFormat.TF_SEQUENCE_EXAMPLE
        kind = tfxio.TFSequenceExampleRecord if is_sequence else tfxio.TFExampleRecord
        return kind(
            ["-"],
            schema=self.schema,
            telemetry_descriptors=["Evaluator"],
            raw_record_column_name=RAW_RECORD,
        )


@dataclass(frozen=True)
class Evaluation:
    """Input and options of an evaluation.

    Args:
        config: with defaults filled in.
        models: the candidate and, if there is one, the baseline.
        output: folder that TFMA writes to.
        module_file: of the user.
    """

    config: Any
    models: Sequence[Evaluated]
    examples: EvaluationExamples
    output: Path
    module_file: Path | None = None


def evaluate_in_memory(work: Evaluation) -> None:
    """Compute all metrics of all slices in this process, and write them in TFMA's layout.

    Raises:
        ExecutorError: the evaluation failed.
    """
    prepared = _prepared(work)

    def run() -> None:
        reason = _in_memory.unsupported(prepared)
        if not reason:
            slow = _in_memory.evaluate(prepared, lambda: _ahead(_batches(work)))
            if slow:
                log.info("computed example by example: %s", ", ".join(slow))
            return
        log.warning("TFMA's own pipeline runs in this process, example by example: %s", reason)
        _memory_runner.run(
            lambda pipeline: _analyze(pipeline | Stream(lambda: _batches(work)), prepared)
        )

    _named(_quick(run, work), work)


def evaluate_with_beam(work: Evaluation, beam_pipeline_args: Sequence[str] | None) -> None:
    """Do the same as a Beam pipeline, on the runner that the arguments name.

    Raises:
        ParameterError: an option or the runner is unknown.
        ExecutorError: the evaluation failed.
    """
    prepared = _prepared(work)
    columns = _columns(work)
    reads = Reads(work.output)

    def run() -> None:
        with open_pipeline(beam_pipeline_args) as pipeline:
            records = pipeline | "Read" >> reads.records(work.examples.files)
            batches = records | "Decode" >> beam.ParDo(work.examples.decode())
            _analyze(batches | "CheckColumns" >> beam.Map(check_columns, columns), prepared)

    _named(_quick(run, work), work)
    reads.check()


def _quick(run: Callable[[], None], work: Evaluation) -> Callable[[], None]:
    """Disable AutoGraph, unless the user's own metrics or extractors may need it.

    Metrics of the libraries have nothing to convert, and looking for it takes longer than the
    evaluation itself.
    """
    is_custom = any(metric.module for metric in metrics(work.config)) or optional_function(
        "custom_extractors", work.module_file
    )
    return run if is_custom else tf.autograph.experimental.do_not_convert(run)


def _named(run: Callable[[], None], work: Evaluation) -> None:
    """Run, and give what fails a name."""
    try:
        run()
    except Exception as error:
        known = _cause(error) or _text_for_number(error, work) or _faulty_model(work)
        if known is not None:
            raise known from None
        raise ExecutorError(
            f"the evaluation failed: {summary(_innermost(error))[:600]}",
            hint="if it is about eval_config, fix that; else the details say where it comes from",
            retryable=False,
            details=traceback_tail(error),
        ) from error


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _cause(error: BaseException) -> PipelineError | None:
    """Return the error of ours behind one of Beam's, which may be one of ours without its hint."""
    found = [each for each in _behind(error) if isinstance(each, PipelineError)]
    return found[-1] if found else None


_OF_A_TEXT = (
    r"could not convert string to float: b?(['\"].*?['\"])",
    r"add_input failed[\s\S]*invalid literal for int\(\) with base 10: b?(['\"].*?['\"])",
    r"TF Metric \S+ fails to update[\s\S]*Cast string to \w+ is not supported()",
    r"add_input failed[\s\S]*unsupported operand type\(s\)[^\n]*'(?:bytes|str)'()",
)
"""Reasons of metrics that were given a text, and the text, where they have it."""


def _text_for_number(error: BaseException, work: Evaluation) -> PipelineError | None:
    said = "\n".join(map(str, _behind(error)))
    text = next(filter(None, (re.search(pattern, said) for pattern in _OF_A_TEXT)), None)
    if text is None and re.search("between instances of '(bytes|str)'", said):
        # As metrics compare it, which then tell of their whole input.
        text = re.search(r"array\(\[b?(['\"].*?['\"])", said)
    if text is None:
        return None
    label = _text_label(work)
    what = f"a label ({label[0]}) is the text {label[1]}" if label else "a label or a prediction is"
    return ExecutorError(
        f"the metrics take numbers, and {what if label else f'{what} {_text_or(text[1])}'}",
        hint="give a label_key that holds numbers, such as the number of the class; if "
        "preprocessing_fn makes them, name the signature that does in "
        "preprocessing_function_names",
        retryable=False,
    )


def _text_or(text: str) -> str:
    return f"the text {text}" if text else "a text"


def _text_label(work: Evaluation) -> tuple[str, str] | None:
    """Return the first label that is a text, with the field of the config that names it."""
    labels = [column for column in _columns(work) if column.role == "label"]
    for batch in work.examples.batches():
        for column in labels:
            if column.name in batch.schema.names:
                value = next(filter(None, batch.column(column.name).to_pylist()), [None])[0]
                if isinstance(value, bytes | str):
                    text = value.decode(errors="replace") if isinstance(value, bytes) else value
                    return f"{column.field} {column.name!r}", f"{text!r:.60}"
    return None


def _faulty_model(work: Evaluation) -> PipelineError | None:
    """Return the error of a model that cannot be loaded, or does not answer the examples.

    It loads and asks the models again, so only after a failure.
    """
    has_outputs = any(spec.output_names for spec in work.config.metrics_specs)
    for model in work.models:
        if model.own or not (model.folder.path / "saved_model.pb").is_file():
            continue
        spec = model.spec
        names = [spec.signature_name or "serving_default", *spec.preprocessing_function_names]
        request = _signature_faults.Request(
            # Those with @ are TFMA's own, not the model's.
            [name for name in names if "@" not in name],
            None if spec.prediction_keys or has_outputs else spec.prediction_key,
            lambda: _batches(work),
            RAW_RECORD,
        )
        fault = _signature_faults.fault_of(model.folder, request)
        if fault is not None:
            return fault
    return None


def _innermost(error: BaseException) -> BaseException:
    # Beam and TFMA wrap an error in others of the same text, each with all its data.
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _analyze(batches: Any, prepared: _in_memory.EvaluationWork) -> None:
    _ = batches | tfma.ExtractEvaluateAndWriteResults(
        eval_shared_model=prepared.shared,
        eval_config=prepared.config,
        extractors=list(prepared.extractors),
        output_path=prepared.output,
        schema=prepared.schema,
    )


def _prepared(work: Evaluation) -> _in_memory.EvaluationWork:
    handles = [model.shared for model in work.models]
    shared = handles[0] if len(handles) == 1 else handles or None
    config = model_eval_lib._update_eval_config_with_defaults(work.config, shared)
    adapter = None
    if work.examples.schema is not None:
        reader = work.examples.reader()
        adapter = tensor_adapter.TensorAdapterConfig(
            reader.ArrowSchema(), reader.TensorRepresentations()
        )
    arguments = {
        "eval_shared_model": shared,
        "eval_config": config,
        "tensor_adapter_config": adapter,
    }
    custom = optional_function("custom_extractors", work.module_file)
    if custom:
        extractors = custom(**arguments)
    else:
        own = predictions_of(work.models, work.module_file, work.examples.payload)
        extractors = tfma.default_extractors(**arguments, custom_predict_extractor=own)
    extractors = with_checks(_tfma.with_exact_weights(extractors), config)
    return _in_memory.EvaluationWork(
        config, shared, extractors, work.examples.schema, str(work.output)
    )


def _batches(work: Evaluation) -> Iterator[Any]:
    columns = _columns(work)
    for batch in work.examples.batches(RAW_RECORD):
        yield check_columns(batch, columns)


def _ahead(items: Iterator[Any]) -> Iterator[Any]:
    """Yield the items, each of them made while the one before is worked on."""
    with ThreadPoolExecutor(1) as executor:
        coming = executor.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = executor.submit(next, items, None)
            yield item


def _columns(work: Evaluation) -> list[InputColumn]:
    is_custom = bool(optional_function("custom_extractors", work.module_file))
    return columns_of(work.config, has_model=bool(work.models), is_custom=is_custom)


class Features:
    """The names of the examples' features; reads more examples until all wanted ones are known.

    Args:
        examples: whose features are meant.

    Raises:
        ExecutorError: there are no examples.
    """

    def __init__(self, examples: EvaluationExamples) -> None:
        self._batches = examples.batches()
        self.names: set[str] = set()
        self.schema: Any = None
        if not self._more():
            raise ExecutorError("the examples are empty", hint="evaluate another split")

    def has(self, name: str) -> bool:
        """Return True if an example has a feature."""
        while name not in self.names:
            if not self._more():
                return False
        return True

    def _more(self) -> bool:
        batch = next(self._batches, None)
        if self.schema is None and batch is not None:
            self.schema = batch.schema
        self.names.update(batch.schema.names if batch is not None else ())
        return batch is not None
