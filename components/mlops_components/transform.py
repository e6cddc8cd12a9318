"""`Transform`: runs the user's `preprocessing_fn` with TensorFlow Transform."""

from __future__ import annotations

import functools
import inspect
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_components.engines import Engine, choose
from mlops_components.preprocessing import CacheFolders, Part
from mlops_components.records import (
    PayloadFormat,
    SplitFiles,
    chosen_splits,
    files_of_split,
    joined,
)
from mlops_components.user_modules import optional_function, tfx_importable, user_function
from mlops_pipeline import Input, Output, Unkeyed, component
from mlops_pipeline.artifacts import (
    ExampleAnomalies,
    Examples,
    ExampleStatistics,
    Schema,
    TransformCache,
    TransformGraph,
)
from mlops_pipeline.errors import ParameterError
from mlops_pipeline.roots import digest_path

_TAKES = (PayloadFormat.TF_EXAMPLE, PayloadFormat.TF_SEQUENCE_EXAMPLE)


@dataclass(frozen=True)
class SplitsConfig:
    """Which splits are analyzed (`train` by default) and transformed (all by default)."""

    analyze: list[str] = field(default_factory=lambda: ["train"])
    transform: list[str] = field(default_factory=list)


@component(base_type="Transform")
def Transform(
    examples: list[Input[Examples]],
    schema: Input[Schema],
    analyzer_cache: Input[TransformCache] | None = None,
    *,
    transform_graph: Output[TransformGraph],
    transformed_examples: Output[Examples],
    updated_analyzer_cache: Output[TransformCache],
    pre_transform_schema: Output[Schema],
    pre_transform_stats: Output[ExampleStatistics],
    post_transform_schema: Output[Schema],
    post_transform_stats: Output[ExampleStatistics],
    post_transform_anomalies: Output[ExampleAnomalies],
    module_file: Path | None = None,
    preprocessing_fn: str = "",
    splits_config: SplitsConfig | None = None,
    custom_config: dict[str, Any] | None = None,
    materialize: bool = True,
    disable_analyzer_cache: bool = False,
    disable_statistics: bool = False,
    stats_options_updater_fn: str = "",
    force_tf_compat_v1: bool = False,
    tfx_compat: bool = False,
    engine: Unkeyed[Engine] = "auto",
    beam_pipeline_args: Unkeyed[list[str] | None] = None,
) -> None:
    """Analyze the examples, write the transform graph, and apply it to every split.

    Args:
        module_file: Python file that defines `preprocessing_fn`, and may define
            `stats_options_updater_fn`.
        preprocessing_fn: `module:function`, instead of a module file.
        custom_config: handed to the user's functions if they take an argument of that name.
        materialize: whether transformed examples are written.
        stats_options_updater_fn: `module:function`, if there is no module file.
        force_tf_compat_v1: trace `preprocessing_fn` as TensorFlow 1 does.
        tfx_compat: let the user's code import `tfx` where TFX is not installed.
        engine: see the page on engines.
        beam_pipeline_args: options of Beam and its runner.
    """
    from mlops_components.preprocessing import _analyze, _apply, _infinite
    from mlops_components.statistics import _tfdv

    folders = _cache_folders(analyzer_cache, updated_analyzer_cache, disable_analyzer_cache)
    records = _analyze.Records(_tfdv.read_schema(schema), _payload(examples))
    config = _checked(splits_config or SplitsConfig())
    analyzed = _parts(examples, config.analyze)
    is_applied = materialize or not disable_statistics
    transformed = _parts(examples, config.transform) if is_applied else []
    every = {file for part in (*analyzed, *transformed) for file in part.files}
    choice = choose(engine, every, beam_pipeline_args)
    arguments = (beam_pipeline_args or []) if choice.is_beam else None
    code = _Code(module_file, preprocessing_fn, stats_options_updater_fn, custom_config)
    with (
        tfx_importable(tfx_compat),
        code.loaded() as (function, update),
        tempfile.TemporaryDirectory(prefix="mlops-") as folder,
    ):
        scratch = Path(folder)
        preprocess = _analyze.Preprocess(function, list(records.specs))
        datasets = _analyze.datasets(analyzed, records)
        analysis = _analyze.Analysis(datasets, records, preprocess, scratch, force_tf_compat_v1)
        _analyze.analyze(analysis, transform_graph.path, folders, arguments)
        work = _apply.Application(
            transform_graph.path,
            records,
            joined(part.files for part in analyzed),
            _by_split(transformed),
        )
        if not disable_statistics:
            work = _apply.with_statistics(work, update)
        transformed_examples.set_splits([])
        target = _described(transformed_examples, examples) if materialize else None
        found = _apply.apply(work, target, scratch, arguments)
        _infinite.tell(found.seen)
    choice.note(transform_graph)
    if not disable_statistics:
        _apply.write_whole_statistics(found.before, pre_transform_stats, pre_transform_schema)
        _apply.write_whole_statistics(
            found.after, post_transform_stats, post_transform_schema, post_transform_anomalies
        )


def _cache_folders(
    old: TransformCache | None, new: TransformCache, is_disabled: bool
) -> CacheFolders | None:
    if not is_disabled:
        return CacheFolders(old.path if old else None, new.path)
    if old is not None:
        raise ParameterError(
            "Transform has an analyzer_cache, and disable_analyzer_cache says not to use it",
            hint="leave out one of the two",
        )
    return None


def _checked(config: SplitsConfig) -> SplitsConfig:
    if not config.analyze:
        raise ParameterError("splits_config.analyze is empty", hint="name a split")
    return config


def _payload(examples: Sequence[Examples]) -> str:
    """Return the format of the records of all examples."""
    if not examples:
        raise ParameterError("Transform has no examples", hint="connect one artifact at least")
    standard = PayloadFormat.TF_EXAMPLE
    found = {str(each.properties.get("payload_format") or standard) for each in examples}
    if len(found) > 1:
        raise ParameterError(
            f"the records of the examples are {' and '.join(sorted(found))}",
            hint="give examples whose records are of one kind",
        )
    return found.pop()


def _parts(examples: Sequence[Examples], wanted: Sequence[str]) -> list[Part]:
    """Return the parts of the wanted splits (all if empty), split by split."""
    known = examples[0].splits
    for each in examples[1:]:
        if set(each.splits) != set(known):
            raise ParameterError(
                f"{each.uri} has the splits {', '.join(each.splits)}, but {examples[0].uri} has "
                f"{', '.join(known)}",
                hint="give examples that have the same splits",
            )
    return [
        Part(
            split, each.digest or digest_path(each.path), files_of_split(each, split, takes=_TAKES)
        )
        for split in chosen_splits(known, wanted)
        for each in examples
    ]


def _by_split(parts: Sequence[Part]) -> dict[str, SplitFiles]:
    names = dict.fromkeys(part.split for part in parts)
    return {name: joined(part.files for part in parts if part.split == name) for name in names}


def _described(transformed: Examples, examples: Sequence[Examples]) -> Examples:
    """Return the output with what is known of it: its span is the newest one that it is made of."""
    spans = [(int(str(e.properties.get("span", 0))), e) for e in examples]
    span, newest = max(spans, key=lambda pair: pair[0])
    transformed.properties.update(
        span=span,
        version=newest.properties.get("version", 0),
        file_format="tfrecords_gzip",
        payload_format=PayloadFormat.TF_EXAMPLE.value,
    )
    return transformed


@dataclass(frozen=True)
class _Code:
    """Names and files of the user's functions."""

    module_file: Path | None
    preprocessing_fn: str
    stats_options_updater_fn: str
    custom_config: dict[str, Any] | None

    @contextmanager
    def loaded(self) -> Iterator[tuple[Callable[..., Any], Callable[..., Any]]]:
        """Load `preprocessing_fn`, and `stats_options_updater_fn` or one that changes nothing."""
        update = self.stats_options_updater_fn
        if self.module_file is not None and update:
            raise ParameterError(
                "both module_file and stats_options_updater_fn are given",
                hint="define stats_options_updater_fn in the module file",
            )
        with ExitStack() as stack:
            preprocess = stack.enter_context(
                user_function("preprocessing_fn", self.module_file, self.preprocessing_fn)
            )
            if update:
                updater = stack.enter_context(
                    user_function("stats_options_updater_fn", None, update)
                )
            else:
                found = optional_function("stats_options_updater_fn", self.module_file)
                updater = found or (lambda _, options: options)
            yield self._with_config(preprocess), self._with_config(updater)

    def _with_config(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if "custom_config" in inspect.signature(function).parameters:
            return functools.partial(function, custom_config=self.custom_config)
        return function
