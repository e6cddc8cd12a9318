"""An Apache Beam runner for data of one machine: elements are pushed through in this process.

TFT and TFMA describe their work as Beam pipelines. Beam's own local runners serialise every
function, and copy every element between threads or processes: seconds of overhead for some
hundred rows. `MemoryRunner` takes the very same pipeline and calls its functions directly, so
the results are the libraries' own.

Elements are not collected between steps: each one goes depth first through all steps that can
take it at once. Only a grouping, a combine (one accumulator a key) and a side input hold data.
The steps between two such barriers form a *stage*; stages run one after the other.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import apache_beam as beam
from apache_beam import pvalue
from apache_beam.io import filebasedsink, iobase
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners import common
from apache_beam.runners.runner import PipelineResult, PipelineRunner, PipelineState
from apache_beam.transforms import core, userstate, util

from mlops_components.engines._memory_steps import (
    Operation,
    Push,
    Source,
    Step,
    Stream,
    kept,
    operation,
)

log = logging.getLogger(__name__)


class _Unsupported(Exception):
    """The pipeline has a step that only Beam's own runner can run."""


def run(build: Callable[[Any], None]) -> None:
    """Run the pipeline that `build` describes; with Beam's own local runner where it must be.

    Args:
        build: adds transforms to the pipeline that it is given; may be called twice.
    """
    try:
        with _specs_remembered():
            pipeline = beam.Pipeline(runner=MemoryRunner(), options=_Options([]))
            build(pipeline)
            pipeline.run()
    except _Unsupported as reason:
        from apache_beam.runners.portability.fn_api_runner import fn_runner

        log.warning("Beam's own runner takes over: %s", reason)
        with beam.Pipeline(runner=fn_runner.FnApiRunner()) as pipeline:
            build(pipeline)


@contextmanager
def _specs_remembered() -> Iterator[None]:
    """Make Beam inspect the signatures of every function once, not five times."""
    inspect = userstate.get_dofn_specs
    known: dict[int, tuple[Any, Any]] = {}

    def remembered(function: Any) -> Any:
        if id(function) not in known:
            # The function is kept, so that its id is not given to another one.
            known[id(function)] = (function, inspect(function))
        return known[id(function)][1]

    userstate.get_dofn_specs = remembered
    try:
        yield
    finally:
        userstate.get_dofn_specs = inspect


class _Options(PipelineOptions):  # type: ignore[misc]
    """Options that remember their views: Beam asks for one at every step."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Plain assignment would set a Beam option.
        self.__dict__["views"] = {}
        kwargs.setdefault("pipeline_type_check", False)
        super().__init__(*args, **kwargs)

    def view_as(self, cls: type) -> Any:
        views = self.__dict__["views"]
        if cls not in views:
            views[cls] = super().view_as(cls)
        return views[cls]


class MemoryRunner(PipelineRunner):  # type: ignore[misc]
    """Runs a bounded pipeline in this process, or raises before anything has run."""

    def apply(self, transform: Any, input: Any, options: Any) -> Any:
        if isinstance(transform, core.ParDo) and transform.dofn._process_batch_defined:
            # Said here: with our options, Beam would not find the types of the batches.
            raise _Unsupported(f"{transform.label} works on batches")
        if _is_whole(transform):
            return pvalue.PCollection(input.pipeline, is_bounded=True)
        return super().apply(transform, input, options)

    def run_pipeline(self, pipeline: Any, options: Any) -> Any:
        steps = list(_leaves(pipeline._root_transform()))
        for step in steps:
            _check(step)
        _Run(steps).run()
        return PipelineResult(PipelineState.DONE)


_WHOLE: dict[type, Callable[[Any], bool]] = {
    beam.Create: lambda create: True,
    iobase.Read: lambda read: isinstance(read.source, iobase.BoundedSource),
    iobase.Write: lambda write: _is_one_file(write.sink),
    core.CombinePerKey: lambda combine: not combine.side_inputs,
    core._CombinePerKeyWithHotKeyFanout: lambda combine: True,
    util.Reshuffle: lambda reshuffle: True,
    Stream: lambda stream: True,
}
"""Composites that can be run as one step, and when; others are run part by part."""


def _is_whole(transform: Any) -> bool:
    for kind, holds in _WHOLE.items():
        # A subclass with an `expand` of its own means something else.
        if isinstance(transform, kind) and type(transform).expand is kind.expand:  # type: ignore[attr-defined]
            return holds(transform)
    return False


def _is_one_file(sink: Any) -> bool:
    limits = ("max_records_per_shard", "max_bytes_per_shard", "skip_if_empty")
    return (
        isinstance(sink, filebasedsink.FileBasedSink)
        and sink.num_shards in (0, 1)
        and not any(getattr(sink, limit, None) for limit in limits)
    )


def _leaves(step: Step) -> Iterator[Step]:
    """Yield the steps that run, in an order in which they can; composites are looked into."""
    if step.transform and not step.parts:
        # A composite that returns its input has no parts and does nothing.
        if step.outputs and all(o in step.inputs for o in step.outputs.values()):
            return
        yield step
        return
    for part in step.parts:
        yield from _leaves(part)


def _check(step: Step) -> None:
    """Refuse what this runner cannot do, before anything has run."""
    transform = step.transform
    if isinstance(transform, core.ParDo):
        signature = common.DoFnSignature(transform.dofn)
        if signature.is_stateful_dofn() or signature.is_splittable_dofn():
            raise _Unsupported(f"{step.full_label} keeps state or splits its input")
        if signature.has_bundle_finalization():
            raise _Unsupported(f"{step.full_label} has bundles finalized")
    else:
        _kind(step)
    for output in step.outputs.values():
        if not output.windowing.is_default():
            raise _Unsupported(f"{step.full_label} uses windows or triggers")


class _Run:
    """One run of a pipeline: which step belongs to which stage, and the elements held."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps
        self.kinds = {step: _kind(step) for step in steps}
        self.producers = {output: step for step in steps for output in step.outputs.values()}
        # Plain dicts: asking must not add a collection, as those in `sides` are kept in memory.
        self.consumers: dict[Any, list[Step]] = {}
        self.sides: dict[Any, list[Step]] = {}
        for step in steps:
            for collection in step.inputs:
                self.consumers.setdefault(collection, []).append(step)
            for side in step.side_inputs:
                self.sides.setdefault(side.pvalue, []).append(step)
        self.stages: dict[Step, int] = {}
        for step in steps:
            self.stages[step] = self._first_stage(step)
        for step in reversed(steps):
            self.stages[step] = self._last_stage(step)
        self.side_values: dict[Any, list[Any]] = {c: [] for c in self.sides}
        self.waiting: dict[Step, list[Any]] = defaultdict(list)
        self.operations: dict[Step, Operation] = {}
        self.uses = Counter(id(function) for step in steps for function in _functions(step))

    def _first_stage(self, step: Step) -> int:
        """Return the first stage in which all that a step needs is there."""
        direct = [self._ready(self.producers[c]) for c in step.inputs if c in self.producers]
        sides = [self._ready(self.producers[side.pvalue]) + 1 for side in step.side_inputs]
        return max(direct + sides, default=0)

    def _last_stage(self, step: Step) -> int:
        """Return the latest possible stage of a step: then nothing has to wait between the two."""
        if self.kinds[step].is_barrier or issubclass(self.kinds[step], Source):
            return self.stages[step]
        outputs = step.outputs.values()
        uses = [self.stages[c] for o in outputs for c in self.consumers.get(o, ())]
        sides = [self.stages[s] - 1 for o in outputs for s in self.sides.get(o, ())]
        return min(uses + sides, default=self.stages[step])

    def _ready(self, step: Step) -> int:
        """Return the stage in which the outputs of a step come out."""
        return self.stages[step] + int(self.kinds[step].is_barrier)

    def run(self) -> None:
        """Run all stages; what has been set up is torn down in any case, as in Beam."""
        try:
            self._run_stages()
        except BaseException:
            for operation_ in self.operations.values():
                with suppress(Exception):
                    operation_.close()
            raise

    def _run_stages(self) -> None:
        sources = [s for s in self.steps if issubclass(self.kinds[s], Source)]
        before: list[Step] = []
        for stage in range(max(self.stages.values(), default=0) + 2):
            now = [s for s in self.steps if self.stages[s] == stage and s not in sources]
            # Last first, so that whatever a step puts out has somewhere to go.
            for step in reversed(now):
                self._make(step, stage).start()
            for step in before:
                self.operations[step].flush()
                self.operations.pop(step).close()
            for step in sources:
                if self._takes(step, stage):
                    self._make(step, stage).flush()
            for step in now:
                for value in self.waiting.pop(step, ()):
                    self.operations[step].push(value)
                self.operations[step].finish()
            before = now

    def _make(self, step: Step, stage: int) -> Operation:
        sides = [self.side_values[side.pvalue] for side in step.side_inputs]
        is_shared = any(self.uses[id(function)] > 1 for function in _functions(step))
        made = self.kinds[step](step, self._emit(step, stage), sides, is_shared)
        self.operations[step] = made
        return made

    def _takes(self, source: Step, stage: int) -> bool:
        """Return True if a stage reads elements of a source."""
        outputs = list(source.outputs.values())
        used = any(self.stages[c] == stage for o in outputs for c in self.consumers.get(o, ()))
        return used or (stage == self.stages[source] and any(o in self.sides for o in outputs))

    def _emit(self, step: Step, stage: int) -> Callable[[Any], Push]:
        """Return the receivers of a step's outputs, by tag."""
        is_source = issubclass(self.kinds[step], Source)
        ready = stage if is_source else self._ready(step)

        def targets(tag: Any) -> Push:
            collection = step.outputs.get(tag)
            pushes: list[Push] = []
            if collection in self.sides and ready == self._ready(step):
                pushes.append(_keep_in(self.side_values[collection]))
            for consumer in self.consumers.get(collection, ()):
                if self.stages[consumer] == ready:
                    pushes.append(self.operations[consumer].push)
                elif not is_source:
                    pushes.append(_keep_in(self.waiting[consumer]))
            return _to_all(pushes)

        return targets


def _functions(step: Step) -> list[Any]:
    """Return the user's functions in a step."""
    # A ParDo has its function under two names.
    named = (getattr(step.transform, name, None) for name in ("dofn", "fn", "_combine_fn"))
    return list({id(function): function for function in named if function is not None}.values())


def _keep_in(values: list[Any]) -> Push:
    return lambda value: values.append(value.with_value(kept(value.value)))


def _kind(step: Step) -> type[Operation]:
    kind = operation(step)
    if kind is None:
        raise _Unsupported(f"{step.full_label} is a {type(step.transform).__name__}")
    return kind


def _to_all(pushes: list[Push]) -> Push:
    if len(pushes) == 1:
        return pushes[0]

    def push(value: Any) -> None:
        for one in pushes:
            one(value)

    return push
