"""The steps of a Beam pipeline as `MemoryRunner` runs them: one small class a primitive."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import apache_beam as beam
from apache_beam import coders
from apache_beam.internal import pickler
from apache_beam.io import iobase
from apache_beam.runners import common
from apache_beam.transforms import core, sideinputs, util, window

from mlops_pipeline.errors import PipelineError

Step = Any
"""An `AppliedPTransform`: a transform with the collections that it reads and writes."""

Push = Callable[[Any], None]
"""Takes one windowed value."""


class Shared(dict[Any, Any]):
    """A dict whose values no step changes: it is kept as it is, and not copied."""


_UNCHANGING = (int, float, str, bytes, bool, type(None), Shared)


class Stream(beam.PTransform):  # type: ignore[misc]
    """A source of elements that are never all in memory.

    Args:
        elements: gives them; called once for every time that they are needed.
    """

    def __init__(self, elements: Callable[[], Iterable[Any]]) -> None:
        super().__init__()
        self.elements = elements

    def expand(self, begin: Any) -> Any:
        return begin | beam.Create(list(self.elements()))

    def get_windowing(self, inputs: Any) -> Any:
        return core.Windowing(window.GlobalWindows())


def kept(value: Any) -> Any:
    """Return a copy of an element that later changes do not touch; Beam would encode it."""
    if isinstance(value, _UNCHANGING):
        return value
    if type(value) is tuple:
        return tuple(map(kept, value))
    return copy.deepcopy(value)


@contextmanager
def without_beam_traceback() -> Iterator[None]:
    """Let an error of ours through: Beam would log its traceback, and drop its hint."""
    try:
        yield
    except PipelineError as error:
        # What Beam itself marks an error with that it has passed on before.
        error._tagged_with_step = True  # type: ignore[attr-defined]
        raise


class Operation:
    """A step while it runs.

    Args:
        step: what it does.
        emit: takes what it puts out, by output tag.
        sides: the collected side inputs, in the order of `step.side_inputs`.
        is_shared: whether another step has the same function: each then gets a copy, as in Beam.
    """

    is_barrier = False
    """True if it puts out its results only after all of its input."""

    def __init__(
        self,
        step: Step,
        emit: Callable[[Any], Push],
        sides: list[list[Any]],
        is_shared: bool = False,
    ) -> None:
        self.step = step
        self.transform = step.transform
        self.emit = emit
        self.sides = sides
        self.is_shared = is_shared

    def own(self, function: Any) -> Any:
        """Return the function of the step, with a state of its own."""
        return pickler.loads(pickler.dumps(function)) if self.is_shared else function

    def start(self) -> None:
        """Get ready for elements."""

    def push(self, value: Any) -> None:
        """Take one element."""
        raise NotImplementedError

    def finish(self) -> None:
        """Handle the end of a stage, after all its elements."""

    def flush(self) -> None:
        """Put out what was held back until the stage was over."""

    def close(self) -> None:
        """Let go of everything: the step has ended, or the run has failed."""


class Source(Operation):
    """A source of elements, read again for every stage that takes some."""

    def flush(self) -> None:
        out = self.emit(None)
        for value in self.values():
            out(window.GlobalWindows.windowed_value(value))

    def values(self) -> Iterable[Any]:
        """Return the elements, as often as asked."""
        raise NotImplementedError


class _Impulse(Source):
    def values(self) -> Iterable[Any]:
        return (b"",)


class _Create(Source):
    def values(self) -> Iterable[Any]:
        # Read again for another stage: they are to be what they were.
        return map(kept, self.transform.values)


class _Stream(Source):
    def values(self) -> Iterable[Any]:
        return self.transform.elements()  # type: ignore[no-any-return]


class _Read(Source):
    def values(self) -> Iterable[Any]:
        source = self.transform.source
        return source.read(source.get_range_tracker(None, None))  # type: ignore[no-any-return]


class _Pass(Operation):
    def start(self) -> None:
        self.out = self.emit(None)

    def push(self, value: Any) -> None:
        self.out(value)


class _Receiver(common.Receiver):  # type: ignore[misc]
    def __init__(self, out: Push) -> None:
        self.out = out

    def receive(self, value: Any) -> None:
        self.out(value)


class _Receivers(dict[Any, _Receiver]):
    """Receivers of outputs by tag; outputs without a reader are dropped."""

    def __missing__(self, tag: Any) -> _Receiver:
        return _Receiver(lambda value: None)


class _ParDo(Operation):
    def start(self) -> None:
        tags = {None, *self.step.outputs}
        maps = [
            sideinputs.SideInputMap(type(side), side._view_options(), values)
            for side, values in zip(self.step.side_inputs, self.sides, strict=True)
        ]
        self.runner = common.DoFnRunner(
            self.own(self.transform.dofn),
            self.transform.args,
            self.transform.kwargs,
            maps,
            self.step.inputs[0].windowing,
            tagged_receivers=_Receivers({tag: _Receiver(self.emit(tag)) for tag in tags}),
            step_name=self.step.full_label,
        )
        # Not a method that calls it: long chains of steps are calls within calls.
        self.push = self.runner.process  # type: ignore[method-assign]
        self.runner.setup()
        self.runner.start()

    def finish(self) -> None:
        self.runner.finish()

    def close(self) -> None:
        self.runner.teardown()


class _Write(Operation):
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


class _Keyed(Operation):
    """Keeps something for each key; keys are equal when their encodings are, as in Beam."""

    is_barrier = True

    def start(self) -> None:
        self.encode = coders.FastPrimitivesCoder().encode
        self.held: dict[bytes, tuple[Any, Any]] = {}

    def flush(self) -> None:
        out = self.emit(None)
        end = window.GlobalWindow().max_timestamp()
        for key, held in self.held.values():
            out(window.GlobalWindows.windowed_value((key, self.result(held)), end))
        self.held = {}

    def result(self, held: Any) -> Any:
        return held


class _GroupByKey(_Keyed):
    def push(self, value: Any) -> None:
        key, item = value.value
        self.held.setdefault(self.encode(key), (kept(key), []))[1].append(kept(item))


class _Combine(_Keyed):
    def start(self) -> None:
        super().start()
        transform = self.transform
        if isinstance(transform, core._CombinePerKeyWithHotKeyFanout):
            self.fn, self.args, self.kwargs = self.own(transform._combine_fn), (), {}
        else:
            self.fn, self.args, self.kwargs = (
                self.own(transform.fn),
                transform.args,
                transform.kwargs,
            )
        self.fn.setup(*self.args, **self.kwargs)

    def push(self, value: Any) -> None:
        key, item = value.value
        code = self.encode(key)
        known = self.held.get(code)
        held = known[1] if known else self.fn.create_accumulator(*self.args, **self.kwargs)
        first = known[0] if known else kept(key)
        self.held[code] = (first, self.fn.add_input(held, item, *self.args, **self.kwargs))

    def result(self, held: Any) -> Any:
        compacted = self.fn.compact(held, *self.args, **self.kwargs)
        return self.fn.extract_output(compacted, *self.args, **self.kwargs)

    def close(self) -> None:
        self.fn.teardown(*self.args, **self.kwargs)


OPERATIONS: dict[type, type[Operation]] = {
    core.Impulse: _Impulse,
    beam.Create: _Create,
    Stream: _Stream,
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


def operation(step: Step) -> type[Operation] | None:
    """Return the operation that runs a step, or None."""
    for kind in type(step.transform).__mro__:
        if kind in OPERATIONS:
            return OPERATIONS[kind]
    return None
