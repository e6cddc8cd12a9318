"""`Transform`: runs the user's `preprocessing_fn` with TensorFlow Transform."""

from __future__ import annotations

import functools
import inspect
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_components.examples import SplitWriter, chosen_splits, read_batches, split_files
from mlops_components.tfx_compat import tfx_importable
from mlops_components.user_code import user_function
from mlops_pipeline import Input, Output, component
from mlops_pipeline.artifacts import Examples, Schema, TransformGraph
from mlops_pipeline.errors import ExecutorError, did_you_mean


@dataclass(frozen=True)
class SplitsConfig:
    """Which splits are analyzed (`train` by default) and transformed (all by default)."""

    analyze: list[str] = field(default_factory=lambda: ["train"])
    transform: list[str] = field(default_factory=list)


@component(base_type="Transform")
def Transform(
    examples: Input[Examples],
    schema: Input[Schema],
    *,
    transform_graph: Output[TransformGraph],
    transformed_examples: Output[Examples],
    module_file: Path | None = None,
    preprocessing_fn: str = "",
    splits_config: SplitsConfig | None = None,
    custom_config: dict[str, Any] | None = None,
    materialize: bool = True,
    tfx_compat: bool = False,
) -> None:
    """Analyze the examples, write the transform graph, and apply it to every split.

    Args:
        module_file: Python file that defines `preprocessing_fn`.
        preprocessing_fn: `module:function`, in place of a module file.
        custom_config: handed to `preprocessing_fn` if it takes an argument of that name.
        materialize: whether transformed examples are written.
        tfx_compat: let the user's code import `tfx` where TFX is not installed.
    """
    from mlops_components import _tfdv, _tft

    config = splits_config or SplitsConfig()
    expected = _tfdv.read_schema(schema)
    analyzed = chosen_splits(examples.splits, config.analyze)
    splits = chosen_splits(examples.splits, config.transform) if materialize else []
    files = [path for split in analyzed for path in split_files(examples, split)]
    with (
        tfx_importable(tfx_compat),
        user_function("preprocessing_fn", module_file, preprocessing_fn) as function,
        tempfile.TemporaryDirectory(prefix="mlops-") as scratch,
    ):
        preprocess = _with_config(function, custom_config)
        with _missing_feature_named([feature.name for feature in expected.feature]):
            _tft.analyze(files, expected, preprocess, transform_graph.path, Path(scratch))
    _describe(transformed_examples, examples)
    with SplitWriter(transformed_examples, splits, prefix="transformed_examples") as writer:
        transformer = _tft.Transformer(transform_graph.path, expected)
        for split in splits:
            batches = read_batches(split_files(examples, split), schema=expected)
            for record in transformer.records(batches):
                writer.write(split, record)


def _describe(transformed: Examples, examples: Examples) -> None:
    transformed.path.mkdir(parents=True, exist_ok=True)
    transformed.properties.update(
        span=examples.properties.get("span", 0),
        version=examples.properties.get("version", 0),
        file_format="tfrecords_gzip",
        payload_format="FORMAT_TF_EXAMPLE",
    )


def _with_config(
    function: Callable[..., Any], custom_config: dict[str, Any] | None
) -> Callable[..., Any]:
    if "custom_config" in inspect.signature(function).parameters:
        return functools.partial(function, custom_config=custom_config)
    return function


@contextmanager
def _missing_feature_named(features: Sequence[str]) -> Iterator[None]:
    """Say what `preprocessing_fn` has asked for in vain."""
    try:
        yield
    except KeyError as error:
        name = error.args[0] if error.args else None
        if not isinstance(name, str) or name in features:
            raise
        raise ExecutorError(
            f"preprocessing_fn asks for the feature {name!r}, which the schema does not have",
            hint=did_you_mean(name, features),
            retryable=False,
        ) from error
