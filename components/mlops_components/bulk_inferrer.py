"""`BulkInferrer`: has a model answer all examples, and writes the answers down."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_components.engines import Engine, choose
from mlops_components.models import DataSpec, ModelSpec, OutputExampleSpec
from mlops_components.records import (
    PayloadFormat,
    SplitFiles,
    chosen_splits,
    files_of_split,
    joined,
)
from mlops_components.training import payload_of
from mlops_pipeline import Input, Output, Unkeyed, component
from mlops_pipeline.artifacts import Examples, InferenceResult, Model, ModelBlessing
from mlops_pipeline.errors import ParameterError

log = logging.getLogger(__name__)

LOGS_PREFIX = "prediction_logs"
EXAMPLES_PREFIX = "examples"
TF_EXAMPLE = PayloadFormat.TF_EXAMPLE.value


@component(base_type="Process")
def BulkInferrer(
    examples: list[Input[Examples]],
    model: Input[Model] | None = None,
    model_blessing: Input[ModelBlessing] | None = None,
    *,
    inference_result: Output[InferenceResult],
    output_examples: Output[Examples],
    data_spec: DataSpec | None = None,
    model_spec: ModelSpec | None = None,
    output_example_spec: OutputExampleSpec | None = None,
    module_file: Path | None = None,
    engine: Unkeyed[Engine] = "auto",
    beam_pipeline_args: Unkeyed[list[str] | None] = None,
) -> None:
    """Ask the model for every example; write prediction logs, or examples with further columns.

    Args:
        model: trained or pushed.
        output_example_spec: if given, `output_examples` is written, else `inference_result`.
        module_file: Python file that defines `predict_fn`, as for the Evaluator, for models that
            are no SavedModels.
        engine: see the page on engines.
        beam_pipeline_args: options of Beam and its runner.
    """
    inference_result.path.mkdir(parents=True, exist_ok=True)
    output_examples.path.mkdir(parents=True, exist_ok=True)
    output_examples.set_splits([])
    if model is None:
        raise ParameterError("BulkInferrer has no model", hint="connect `model`")
    if model_blessing is not None and model_blessing.properties.get("blessed") != 1:
        log.warning("nothing is inferred: %s does not bless the model", model_blessing.uri)
        return
    files = _files(examples, (data_spec or DataSpec()).example_splits)
    every = joined(files.values())
    choice = choose(engine, every, beam_pipeline_args)
    from mlops_components.models import _inference

    inference = _opened(model, model_spec or ModelSpec(), module_file, examples)
    columns = None
    targets = {inference_result.path / LOGS_PREFIX: every}
    if output_example_spec:
        columns = _inference.Columns(inference.signatures, output_example_spec)
        targets = _describe(output_examples, examples[0], files)
    else:
        kinds = {each.properties.get("payload_format") or TF_EXAMPLE for each in examples}
        # The loader reads examples of one kind beside their answers.
        inference_result.properties["payload_format"] = ", ".join(sorted(map(str, kinds)))
    choice.note(output_examples if output_example_spec else inference_result)
    if choice.is_beam:
        _inference.write_with_beam(inference, targets, columns, beam_pipeline_args or [])
    else:
        _inference.write(inference, targets, columns)


def _opened(
    model: Model, spec: ModelSpec, module_file: Path | None, examples: Sequence[Examples]
) -> Any:
    """Return the model, by the signatures of a SavedModel or the user's function."""
    from mlops_components.models import _function_inference, _inference

    if module_file is None:
        return _inference.SavedModelInference(model.serving, spec.model_signature_name, spec.tag)
    if spec != ModelSpec():
        raise ParameterError(
            "BulkInferrer has a model_spec, which names signatures, and a module_file",
            hint="leave out one of the two",
        )
    return _function_inference.FunctionInference(model.serving, module_file, payload_of(examples))


def _files(examples: Sequence[Examples], wanted: Sequence[str]) -> dict[str, SplitFiles]:
    """Return the files by split, of all artifacts that have the split."""
    known = {split for each in examples for split in each.splits}
    splits = chosen_splits(sorted(known), wanted)
    # The model gets the records as they are.
    takes = tuple(PayloadFormat)
    return {
        split: joined(
            files_of_split(each, split, takes=takes) for each in examples if split in each.splits
        )
        for split in splits
    }


def _describe(
    written: Examples, read: Examples, files: Mapping[str, SplitFiles]
) -> dict[Path, SplitFiles]:
    """Declare the examples to be written; gives where each split goes, and what it is made of."""
    if read.properties.get("payload_format", TF_EXAMPLE) != TF_EXAMPLE:
        raise ParameterError(
            f"output_example_spec: {read.uri} holds {read.properties['payload_format']}",
            hint=f"give {TF_EXAMPLE}, or leave it out: prediction logs take every record",
        )
    written.set_splits(sorted(files))
    written.properties.update(
        span=read.properties.get("span", 0),
        version=read.properties.get("version", 0),
        file_format="tfrecords_gzip",
        payload_format=TF_EXAMPLE,
    )
    for split in files:
        written.split(split).mkdir(parents=True, exist_ok=True)
    return {written.split(split) / EXAMPLES_PREFIX: found for split, found in files.items()}
