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
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import apache_beam as beam
from apache_beam import coders, pvalue
from apache_beam.io import filebasedsink, iobase
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners import common
from apache_beam.runners.runner import PipelineResult, PipelineRunner, PipelineState
from apache_beam.transforms import core, sideinputs, userstate, util, window

log = logging.getLogger(__name__)

Step = Any
"""An `AppliedPTransform`: a transform with the collections that it reads and writes."""

Push = Callable[[Any], None]
"""Takes one windowed value."""


class _Unsupported(Exception):
    """The pipeline has a step that only Beam's own runner can run."""


def run(build: Callable[[Any], None]) -> None:
    """Run the pipeline that `build` describes; with Beam's own local runner where it must be.

    Args:
        build: adds transforms to the pipeline that it is given; may be called twice.
    """
    try:
        with _specs_remembered():
            pipeline = beam.Pipeline(runner=MemoryRunner(), options=_Options())
            build(pipeline)
            pipeline.run()
    except _Unsupported as reason:
        from apache_beam.runners.portability.fn_api_runner import fn_runner

        log.info("Beam's own runner takes over: %s", reason)
        with beam.Pipeline(runner=fn_runner.FnApiRunner()) as pipeline:
            build(pipeline)


@contextmanager
def _specs_remembered() -> Iterator[None]:
    """Beam inspects the signatures of every function about five times: once will do."""
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
        if isinstance(transform, _WHOLE) and not _is_source_of_source(transform):
            return pvalue.PCollection(input.pipeline, is_bounded=True)
        if isinstance(transform, iobase.Write) and _is_one_file(transform.sink):
            return pvalue.PCollection(input.pipeline, is_bounded=True)
        return super().apply(transform, input, options)

    def run_pipeline(self, pipeline: Any, options: Any) -> Any:
        steps = list(_leaves(pipeline._root_transform()))
        for step in steps:
            _check(step)
        _Run(steps).run()
        return PipelineResult(PipelineState.DONE)


_WHOLE = (
    beam.Create,
    iobase.Read,
    core.CombinePerKey,
    core._CombinePerKeyWithHotKeyFanout,
    util.Reshuffle,
)
"""Composites that are run as one step."""


def _is_source_of_source(transform: Any) -> bool:
    return isinstance(transform, iobase.Read) and not isinstance(
        transform.source, iobase.BoundedSource
    )


def _is_one_file(sink: Any) -> bool:
    return isinstance(sink, filebasedsink.FileBasedSink) and sink.num_shards in (0, 1)


def _leaves(step: Step) -> Iterator[Step]:
    """The steps that run, in an order in which they can; composites are looked into."""
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
    elif not isinstance(transform, tuple(_OPERATIONS)):
        raise _Unsupported(f"{step.full_label} is a {type(transform).__name__}")
    for output in step.outputs.values():
        if not isinstance(output.windowing.windowfn, window.GlobalWindows):
            raise _Unsupported(f"{step.full_label} uses windows")


class _Operation:
    """A step while it runs.

    Args:
        step: what it does.
        emit: takes what it puts out, by output tag.
        sides: the collected side inputs, in the order of `step.side_inputs`.
    """

    is_barrier = False
    """Whether it puts its results out only when all input has been seen."""

    def __init__(self, step: Step, emit: Callable[[Any], Push], sides: list[list[Any]]) -> None:
        self.step = step
        self.transform = step.transform
        self.emit = emit
        self.sides = sides

    def start(self) -> None:
        """Get ready for elements."""

    def push(self, value: Any) -> None:
        """Take one element."""
        raise NotImplementedError

    def finish(self) -> None:
        """All elements of this stage have been pushed."""

    def flush(self) -> None:
        """Put out what a barrier or a source holds."""


class _Source(_Operation):
    is_barrier = True

    def flush(self) -> None:
        out = self.emit(None)
        for value in self.values():
            out(window.GlobalWindows.windowed_value(value))

    def values(self) -> Iterable[Any]:
        raise NotImplementedError


class _Impulse(_Source):
    def values(self) -> Iterable[Any]:
        return (b"",)


class _Create(_Source):
    def values(self) -> Iterable[Any]:
        return self.transform.values  # type: ignore[no-any-return]


class _Read(_Source):
    def values(self) -> Iterable[Any]:
        source = self.transform.source
        return source.read(source.get_range_tracker(None, None))  # type: ignore[no-any-return]


class _Pass(_Operation):
    def start(self) -> None:
        self.out = self.emit(None)

    def push(self, value: Any) -> None:
        self.out(value)


class _Receiver(common.Receiver):  # type: ignore[misc]
    def __init__(self, out: Push) -> None:
        self.out = out

    def receive(self, value: Any) -> None:
        self.out(value)


class _ParDo(_Operation):
    def start(self) -> None:
        tags = {None, *self.step.outputs, *getattr(self.transform, "output_tags", ())}
        maps = [
            sideinputs.SideInputMap(type(side), side._view_options(), values)
            for side, values in zip(self.step.side_inputs, self.sides, strict=True)
        ]
        self.runner = common.DoFnRunner(
            self.transform.dofn,
            self.transform.args,
            self.transform.kwargs,
            maps,
            self.step.inputs[0].windowing,
            tagged_receivers={tag: _Receiver(self.emit(tag)) for tag in tags},
            step_name=self.step.full_label,
        )
        self.runner.setup()
        self.runner.start()

    def push(self, value: Any) -> None:
        self.runner.process(value)

    def finish(self) -> None:
        self.runner.finish()
        self.runner.teardown()


class _Write(_Operation):
    """Writes one file, as the sink's own protocol has it."""

    is_barrier = True

    def start(self) -> None:
        self.sink = self.transform.sink
        self.init = self.sink.initialize_write()
        self.writer = self.sink.open_writer(self.init, "memory")

    def push(self, value: Any) -> None:
        self.writer.write(value.value)

    def flush(self) -> None:
        written = [self.writer.close()]
        ready = self.sink.pre_finalize(self.init, written)
        out = self.emit(None)
        for name in self.sink.finalize_write(self.init, written, ready):
            out(window.GlobalWindows.windowed_value(name))


class _Keyed(_Operation):
    """Keeps something for each key; keys are equal when their encodings are, as in Beam."""

    is_barrier = True

    def start(self) -> None:
        self.encode = coders.FastPrimitivesCoder().encode
        self.held: dict[bytes, tuple[Any, Any]] = {}

    def flush(self) -> None:
        out = self.emit(None)
        for key, held in self.held.values():
            out(window.GlobalWindows.windowed_value((key, self.result(held))))
        self.held = {}

    def result(self, held: Any) -> Any:
        return held


class _GroupByKey(_Keyed):
    def push(self, value: Any) -> None:
        key, item = value.value
        self.held.setdefault(self.encode(key), (key, []))[1].append(item)


class _Combine(_Keyed):
    def start(self) -> None:
        super().start()
        transform = self.transform
        if isinstance(transform, core._CombinePerKeyWithHotKeyFanout):
            self.fn, self.args, self.kwargs = transform._combine_fn, (), {}
        else:
            self.fn, self.args, self.kwargs = transform.fn, transform.args, transform.kwargs
        self.fn.setup(*self.args, **self.kwargs)

    def push(self, value: Any) -> None:
        key, item = value.value
        code = self.encode(key)
        known = self.held.get(code)
        held = known[1] if known else self.fn.create_accumulator(*self.args, **self.kwargs)
        self.held[code] = (key, self.fn.add_input(held, item, *self.args, **self.kwargs))

    def result(self, held: Any) -> Any:
        compacted = self.fn.compact(held, *self.args, **self.kwargs)
        return self.fn.extract_output(compacted, *self.args, **self.kwargs)

    def flush(self) -> None:
        super().flush()
        self.fn.teardown(*self.args, **self.kwargs)


_OPERATIONS: dict[type, type[_Operation]] = {
    core.Impulse: _Impulse,
    beam.Create: _Create,
    iobase.Read: _Read,
    core.CombinePerKey: _Combine,
    core._CombinePerKeyWithHotKeyFanout: _Combine,
    core.GroupByKey: _GroupByKey,
    iobase.Write: _Write,
    util.Reshuffle: _Pass,
    core.Flatten: _Pass,
    core.WindowInto: _Pass,
    core.ParDo: _ParDo,
}


class _Run:
    """One run of a pipeline: which step belongs to which stage, and the elements held."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps
        self.producers = {output: step for step in steps for output in step.outputs.values()}
        self.stages: dict[Step, int] = {}
        for step in steps:
            self.stages[step] = self._stage(step)
        self.consumers: dict[Any, list[Step]] = defaultdict(list)
        self.side_values: dict[Any, list[Any]] = {}
        self.waiting: dict[Step, list[Any]] = defaultdict(list)
        for step in steps:
            for collection in step.inputs:
                self.consumers[collection].append(step)
            for side in step.side_inputs:
                self.side_values[side.pvalue] = []
        self.operations: dict[Step, _Operation] = {}

    def _stage(self, step: Step) -> int:
        """The first stage in which all that the step needs is there."""
        direct = [self._ready(c) for c in step.inputs if c in self.producers]
        sides = [self._ready(side.pvalue) + 1 for side in step.side_inputs]
        return max(direct + sides, default=-1)

    def _ready(self, collection: Any) -> int:
        """The stage in which the elements of a collection come out."""
        producer = self.producers[collection]
        return self.stages[producer] + int(_operation(producer).is_barrier)

    def run(self) -> None:
        for stage in range(-1, max(self.stages.values()) + 2):
            before = [s for s in self.steps if self.stages[s] == stage - 1]
            now = [s for s in self.steps if self.stages[s] == stage]
            for step in now:
                sides = [self.side_values[side.pvalue] for side in step.side_inputs]
                self.operations[step] = _operation(step)(step, self._emit(step), sides)
            # Last first, so that whatever a step puts out has somewhere to go.
            for step in reversed(now):
                self.operations[step].start()
            for step in before:
                self.operations[step].flush()
                del self.operations[step]
            for step in now:
                for value in self.waiting.pop(step, ()):
                    self.operations[step].push(value)
                self.operations[step].finish()

    def _emit(self, step: Step) -> Callable[[Any], Push]:
        """Where a step's outputs go, by tag."""
        ready = self.stages[step] + int(_operation(step).is_barrier)

        def targets(tag: Any) -> Push:
            collection = step.outputs.get(tag)
            pushes: list[Push] = []
            if collection in self.side_values:
                pushes.append(self.side_values[collection].append)
            for consumer in self.consumers[collection] if collection is not None else ():
                if self.stages[consumer] == ready:
                    pushes.append(self._push_to(consumer))
                else:
                    pushes.append(self.waiting[consumer].append)
            return _to_all(pushes)

        return targets

    def _push_to(self, consumer: Step) -> Push:
        return lambda value: self.operations[consumer].push(value)


def _to_all(pushes: list[Push]) -> Push:
    if len(pushes) == 1:
        return pushes[0]

    def push(value: Any) -> None:
        for one in pushes:
            one(value)

    return push


def _operation(step: Step) -> type[_Operation]:
    for kind in type(step.transform).__mro__:
        if kind in _OPERATIONS:
            return _OPERATIONS[kind]
    raise _Unsupported(step.full_label)
