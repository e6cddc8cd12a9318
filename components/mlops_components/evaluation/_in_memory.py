"""TFMA's evaluation in this process: its extractors by batch, and its metrics by array.

What TFMA does with metrics once they are accumulated (derived metrics, cross slices, differences
from the baseline, confidence intervals, validation, files) is done by its own transforms, on a few
elements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.api import model_eval_lib
from tensorflow_model_analysis.evaluators import (
    confidence_intervals_util,
    jackknife,
    metrics_validator,
    poisson_bootstrap,
)
from tensorflow_model_analysis.evaluators import metrics_plots_and_validations_evaluator as tfma_ev
from tensorflow_model_analysis.extractors import slice_key_extractor, unbatch_extractor
from tensorflow_model_analysis.metrics import metric_specs, metric_types
from tensorflow_model_analysis.slicer import slicer_lib
from tensorflow_model_analysis.utils import model_util, util

from mlops_components.engines import _memory_runner
from mlops_components.engines._memory_steps import Shared, Stream, without_beam_traceback
from mlops_components.evaluation._accumulators import Adder, adders
from mlops_components.evaluation._batches import Batch
from mlops_components.evaluation._curves import by_array
from mlops_components.evaluation._slices import Members, Slicer
from mlops_components.evaluation._sums import Sums

FULL = -1
"""The number of the sample that has all examples, as TFMA gives it."""

TAIL = [
    unbatch_extractor.UNBATCH_EXTRACTOR_STAGE_NAME,
    slice_key_extractor.SLICE_KEY_EXTRACTOR_STAGE_NAME,
]
"""The stages that part a batch into examples, and find their slices."""


@dataclass(frozen=True)
class EvaluationWork:
    """Input of an evaluation, in TFMA's types.

    Args:
        config: an `EvalConfig` with defaults filled in.
        shared: the handle of the model, a list of them, or None.
        extractors: TFMA's stages, up to the one that finds slices.
        schema: of the examples, or None.
        output: folder that TFMA writes to.
    """

    config: Any
    shared: Any
    extractors: Sequence[Any]
    schema: Any
    output: str


def unsupported(work: EvaluationWork) -> str:
    """Name the feature in use that only TFMA's own pipeline has; empty if there is none."""
    names = [extractor.stage_name for extractor in work.extractors]
    models = model_util.verify_and_update_eval_shared_models(work.shared) or []
    in_graph = [
        m for m in models if m.include_default_metrics and m.model_type == constants.TF_KERAS
    ]
    options = work.config.options
    if names[-2:] != TAIL:
        return "custom_extractors end otherwise than tfma.default_extractors"
    if any(spec.query_key for spec in work.config.metrics_specs):
        return "metrics_specs have a query_key"
    if in_graph and getattr(options.include_default_metrics, "value", True):
        return "the metrics inside of a Keras model"
    if not tfma.is_batched_input(work.shared, work.config):
        return "an EvalSavedModel"
    if options.disabled_outputs.values:
        return "disabled_outputs"
    return ""


def evaluate(work: EvaluationWork, batches: Callable[[], Iterator[Any]]) -> list[str]:
    """Compute all metrics of all slices, and write them in TFMA's layout.

    Returns:
        The metrics that are computed example by example, as they take longer.
    """
    separated = tfma_ev._filter_and_separate_computations(
        metric_specs.to_computations(
            work.config.metrics_specs, eval_config=work.config, schema=work.schema
        )
    )
    accumulators, slow = adders(separated.non_derived_computations)
    held = _Held(work.config, accumulators, _Sampling.of(work.config))

    def extract(pipeline: Any) -> None:
        extracts = pipeline | Stream(batches) | model_eval_lib.BatchedInputsToExtracts()
        for extractor in work.extractors[: -len(TAIL)]:
            extracts = extracts | extractor.stage_name >> extractor.ptransform
        _ = extracts | "Accumulate" >> beam.Map(held.add)

    def conclude(pipeline: Any) -> None:
        sliced = pipeline | _Metrics(work.config, held, separated)
        by_type = {
            constants.METRICS_KEY: metric_types.MetricKey,
            constants.PLOTS_KEY: metric_types.PlotKey,
            constants.ATTRIBUTIONS_KEY: metric_types.AttributionsKey,
        }
        evaluation = {
            name: sliced | name >> beam.Map(tfma_ev._filter_by_key_type, kind)
            for name, kind in by_type.items()
        }
        evaluation[constants.VALIDATIONS_KEY] = evaluation[constants.METRICS_KEY] | beam.Map(
            metrics_validator.validate_metrics, work.config
        )
        writers = tfma.default_writers(
            output_path=work.output, eval_shared_model=work.shared, eval_config=work.config
        )
        _ = evaluation | tfma.WriteResults(writers=writers)

    _memory_runner.run(extract)
    with by_array():
        _memory_runner.run(conclude)
    return sorted({key.name for computation in slow for key in computation.keys})


class _Sampling:
    """The random samples behind confidence intervals, as groups of examples of each slice.

    The generator has a fixed seed: equal examples give equal intervals.

    Args:
        kind: TFMA's method of confidence intervals, or None.
        skipped: metrics that get no interval.
    """

    def __init__(self, kind: int | None, skipped: Any = None) -> None:
        self.kind = kind
        self.skipped = skipped
        jackknife_kind = tfma.ConfidenceIntervalOptions.JACKKNIFE
        self.is_jackknife = kind == jackknife_kind
        self.size = 0 if kind is None else tfma_ev._DEFAULT_NUM_JACKKNIFE_BUCKETS
        if kind is not None and not self.is_jackknife:
            self.size = tfma_ev._DEFAULT_NUM_BOOTSTRAP_SAMPLES
        self._parts = self.size if self.is_jackknife else self.size + 1
        self._random = np.random.default_rng(0)

    @classmethod
    def of(cls, config: Any) -> _Sampling:
        """Return the sampling that a config asks for."""
        if not config.options.compute_confidence_intervals.value:
            return cls(None)
        skipped = metric_specs.metric_keys_to_skip_for_confidence_intervals(
            config.metrics_specs, eval_config=config
        )
        return cls(config.options.confidence_intervals.method, skipped)

    def spread(self, members: Members) -> Iterator[Members]:
        """Put the examples of slices into the groups of this sampling."""
        first, count = members.groups * self._parts, len(members.rows)
        if self.is_jackknife:
            yield Members(members.rows, first + self._random.integers(self.size, size=count))
            return
        yield Members(members.rows, first)
        for number in range(self.size):
            times = self._random.poisson(1, count)
            drawn = np.flatnonzero(times)
            yield Members(members.rows[drawn], first[drawn] + number + 1, times[drawn])

    def groups(self, sample: int, number: int) -> list[int]:
        """Return the groups that make up a sample of a slice."""
        first = number * self._parts
        if self.is_jackknife:
            return [first + part for part in range(self.size) if part != sample]
        return [first + sample + 1]

    def combine(self) -> Any:
        """Return TFMA's function that makes intervals from samples."""
        if self.is_jackknife:
            return jackknife._JackknifeSampleCombineFn(self.size, self.skipped)
        return poisson_bootstrap._BootstrapSampleCombineFn(self.size, self.skipped)


class _Held:
    """All that is accumulated: by computation, and by group of examples."""

    def __init__(self, config: Any, accumulators: Sequence[Adder], sampling: _Sampling) -> None:
        self.sampling = sampling
        self._accumulators = accumulators
        self._slicer = Slicer(config)
        self._counts = Sums(1)
        self._filled: set[int] = set()

    @without_beam_traceback()
    def add(self, extracts: Any) -> None:
        """Take the extracts of a batch."""
        size = util.batch_size(extracts) or 0
        batch = Batch(extracts, size)
        members = self._slicer.split(extracts, size)
        ones = np.ones(len(members.rows))
        self._counts.add(members.groups, np.zeros_like(members.groups), [ones])
        for part in self.sampling.spread(members):
            self._filled.update(np.unique(part.groups).tolist())
            for accumulator in self._accumulators:
                accumulator.add(batch, part)

    def metrics(self, sample: int) -> Iterator[tuple[Any, dict[Any, Any]]]:
        """Yield the slices of a sample, with the results of their accumulators."""
        for number, key in enumerate(self._slicer.keys):
            groups = self.sampling.groups(sample, number)
            if self.sampling.is_jackknife and not self._filled.intersection(groups):
                continue
            outputs = [accumulator.output(groups) for accumulator in self._accumulators]
            yield key, Shared(pair for output in outputs for pair in output.items())

    def counts(self) -> Iterator[tuple[Any, int]]:
        """Yield the slices, with the number of their examples."""
        for number, key in enumerate(self._slicer.keys):
            yield key, int(self._counts.of([number])[1].sum())


class _Metrics(beam.PTransform):  # type: ignore[misc]
    """From accumulators to the metrics and plots of all slices and cross slices, as in TFMA."""

    def __init__(self, config: Any, held: _Held, separated: Any) -> None:
        super().__init__()
        self.config = config
        self.held = held
        self.separated = separated

    def expand(self, begin: Any) -> Any:
        sliced = self._intervals(begin) if self.held.sampling.size else self._sample(begin, FULL)
        sliced = (
            sliced
            | beam.Map(tfma_ev._add_ci_derived_metrics, self.separated.ci_derived_computations)
            | beam.MapTuple(tfma_ev._remove_private_metrics)
        )
        smallest = self.config.options.min_slice_size.value
        if smallest > 1:
            counts = begin | "Counts" >> Stream(self.held.counts)
            sliced = sliced | slicer_lib.FilterOutSlices(counts, smallest)
        return sliced

    def _sample(self, begin: Any, sample: int) -> Any:
        baseline = model_util.get_baseline_model_spec(self.config)
        derive = tfma_ev._AddDerivedCrossSliceAndDiffMetrics(
            self.separated.derived_computations,
            self.separated.cross_slice_computations,
            self.config.cross_slicing_specs,
            baseline.name if baseline else None,
        )
        held = begin | f"Held[{sample}]" >> Stream(lambda: self.held.metrics(sample))
        return held | f"Derive[{sample}]" >> derive

    def _intervals(self, begin: Any) -> Any:
        samples = []
        for sample in [FULL, *range(self.held.sampling.size)]:
            numbered = beam.MapTuple(
                _numbered, sample=sample, private=bool(self.separated.ci_derived_computations)
            )
            samples.append(self._sample(begin, sample) | f"Number[{sample}]" >> numbered)
        return samples | beam.Flatten() | beam.CombinePerKey(self.held.sampling.combine())


def _numbered(key: Any, metrics: Any, sample: int = FULL, private: bool = True) -> Any:
    if not private:
        # Nothing asks for the intervals of histograms, which take longer than all others.
        key, metrics = tfma_ev._remove_private_metrics(key, metrics)
    return key, confidence_intervals_util.SampleMetrics(metrics=metrics, sample_id=sample)
