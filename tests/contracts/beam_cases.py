"""Small pipelines of Apache Beam, one for each thing that a runner has to get right.

Each takes the start of a pipeline and gives a collection; runners must agree on its elements.
"""

from collections.abc import Callable, Iterator
from typing import Any

import apache_beam as beam
from apache_beam import pvalue
from apache_beam.transforms import combiners, window

Build = Callable[[Any], Any]
CASES: dict[str, Build] = {}


def case(build: Build) -> Build:
    CASES[build.__name__] = build
    return build


def create(pipeline: Any, *values: Any, label: str = "create") -> Any:
    return pipeline | label >> beam.Create(values)


class Mean(beam.CombineFn):  # type: ignore[misc]
    """A combiner with every method that Beam knows."""

    def setup(self, *args: Any) -> None:
        self.ready = True

    def create_accumulator(self, *args: Any) -> Any:
        return [0, 0]

    def add_input(self, accumulator: Any, value: Any, *args: Any) -> Any:
        assert self.ready
        accumulator[0] += value
        accumulator[1] += 1
        return accumulator

    def merge_accumulators(self, accumulators: Any, *args: Any) -> Any:
        return [sum(part) for part in zip(*accumulators, strict=True)]

    def compact(self, accumulator: Any, *args: Any) -> Any:
        return tuple(accumulator)

    def extract_output(self, accumulator: Any, *args: Any) -> Any:
        total, count = accumulator
        return (total / count if count else None, *args)

    def teardown(self, *args: Any) -> None:
        self.ready = False


class Lifecycle(beam.DoFn):  # type: ignore[misc]
    """Says what it has been through, and keeps count, as functions of the user may."""

    def setup(self) -> None:
        self.been = ["setup"]
        self.count = 0

    def start_bundle(self) -> None:
        self.been = ["setup", "start"]

    def process(self, value: Any) -> Iterator[Any]:
        self.count += 1
        yield value, tuple(self.been)

    def finish_bundle(self) -> Iterator[Any]:
        yield window.GlobalWindows.windowed_value(("end", tuple(self.been)))


class Counting(beam.DoFn):  # type: ignore[misc]
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def process(self, value: Any) -> Iterator[Any]:
        self.seen.append(value)
        yield len(self.seen)


class InBatches(beam.DoFn):  # type: ignore[misc]
    def process_batch(self, batch: list[int], *_: Any) -> Iterator[list[int]]:
        yield [value + 1 for value in batch]

    def infer_output_type(self, input_element_type: Any) -> Any:
        return input_element_type


def growing(count: int) -> Iterator[list[int]]:
    """Puts out one list again and again, and goes on changing it."""
    buffer: list[int] = []
    for value in range(count):
        buffer.append(value)
        yield buffer


def tagged(value: int) -> Iterator[Any]:
    yield value
    if value % 2:
        yield pvalue.TaggedOutput("odd", value)
    yield pvalue.TaggedOutput("never read", value)


@case
def group_by_key(p: Any) -> Any:
    pairs = create(p, ("a", 1), ("b", 2), ("a", 3), (None, 4), (("a", 1), 5))
    return pairs | beam.GroupByKey() | beam.MapTuple(lambda k, v: (k, sorted(v)))


@case
def group_by_key_of_nothing(p: Any) -> Any:
    return create(p) | beam.GroupByKey()


@case
def values_of_a_group_are_read_twice(p: Any) -> Any:
    groups = create(p, ("a", 1), ("a", 3)) | beam.GroupByKey()
    return groups | beam.MapTuple(lambda k, v: (k, sum(v), len(list(v))))


@case
def co_group_by_key(p: Any) -> Any:
    left, right = create(p, ("a", 1), ("b", 2)), create(p, ("a", 3), label="right")
    joined = {"l": left, "r": right} | beam.CoGroupByKey()
    return joined | beam.MapTuple(lambda k, v: (k, sorted(v["l"]), sorted(v["r"])))


@case
def combine_per_key(p: Any) -> Any:
    return create(p, ("a", 1), ("b", 2), ("a", 3)) | beam.CombinePerKey(Mean())


@case
def combine_per_key_with_arguments(p: Any) -> Any:
    return create(p, ("a", 1), ("a", 3)) | beam.CombinePerKey(Mean(), "more")


@case
def combine_per_key_with_a_side_input(p: Any) -> Any:
    side = pvalue.AsSingleton(create(p, "side", label="side"))
    return create(p, ("a", 1), ("a", 3)) | beam.CombinePerKey(Mean(), side)


@case
def combine_per_key_with_fanout(p: Any) -> Any:
    pairs = create(p, *[("a", i) for i in range(9)])
    return pairs | beam.CombinePerKey(Mean()).with_hot_key_fanout(3)


@case
def combine_per_key_with_a_function(p: Any) -> Any:
    return create(p, ("a", 1), ("b", 2), ("a", 3)) | beam.CombinePerKey(sum)


@case
def combine_per_key_of_nothing(p: Any) -> Any:
    return create(p) | beam.CombinePerKey(Mean())


@case
def combine_values(p: Any) -> Any:
    return create(p, ("a", 1), ("a", 3)) | beam.GroupByKey() | beam.CombineValues(Mean())


@case
def combine_globally(p: Any) -> Any:
    return create(p, 1, 2, 3) | beam.CombineGlobally(Mean())


@case
def combine_globally_nothing(p: Any) -> Any:
    return create(p) | beam.CombineGlobally(Mean())


@case
def combine_globally_nothing_without_defaults(p: Any) -> Any:
    return create(p) | beam.CombineGlobally(Mean()).without_defaults()


@case
def combine_globally_as_a_view(p: Any) -> Any:
    mean = create(p, 1, 2) | "mean" >> beam.CombineGlobally(Mean()).as_singleton_view()
    return create(p, 0, label="other") | beam.Map(lambda x, m: (x, m), mean)


@case
def combiners_of_beam(p: Any) -> Any:
    numbers = create(p, 3, 1, 2, 1)
    ways = {
        "list": numbers | combiners.ToList() | "sort" >> beam.Map(sorted),
        "count": numbers | combiners.Count.PerElement(),
        "top": numbers | combiners.Top.Largest(2),
        "distinct": numbers | beam.Distinct(),
        "sample": numbers | combiners.Sample.FixedSizeGlobally(9) | "order" >> beam.Map(sorted),
    }
    return [
        v | f"name {n}" >> beam.Map(lambda x, n=n: (n, x)) for n, v in ways.items()
    ] | "all" >> (beam.Flatten())


@case
def flatten(p: Any) -> Any:
    one, none = create(p, 1, 2), create(p, label="none")
    return (one, none, create(p, 2, label="two")) | beam.Flatten()


@case
def flatten_with_itself(p: Any) -> Any:
    one = create(p, 1, 2)
    return (one, one) | beam.Flatten()


@case
def flatten_nothing(p: Any) -> Any:
    return () | beam.Flatten(pipeline=p.pipeline)


@case
def side_inputs(p: Any) -> Any:
    pairs = create(p, ("a", 1), ("b", 2), label="side")
    return create(p, 0) | beam.Map(
        lambda x, one, all, twice, mapped: (x, one, sorted(all), sorted([*twice, *twice]), mapped),
        pvalue.AsSingleton(pairs | combiners.Count.Globally()),
        pvalue.AsList(pairs),
        pvalue.AsIter(pairs),
        mapped=pvalue.AsDict(pairs),
    )


@case
def side_input_of_many_values(p: Any) -> Any:
    pairs = create(p, ("a", 1), ("a", 2), label="side")
    main = create(p, "a", "b")
    return main | beam.Map(lambda x, m: (x, sorted(m[x])), pvalue.AsMultiMap(pairs))


@case
def empty_side_inputs(p: Any) -> Any:
    none = create(p, label="none")
    return create(p, 0) | beam.Map(
        lambda x, one, all, mapped: (x, one, list(all), dict(mapped)),
        pvalue.AsSingleton(none, default_value="default"),
        pvalue.AsList(none),
        pvalue.AsDict(none),
    )


@case
def side_input_that_depends_on_the_same_elements(p: Any) -> Any:
    numbers = create(p, 1, 2, 3) | "double" >> beam.Map(lambda x: 2 * x)
    total = numbers | beam.CombineGlobally(sum)
    return numbers | "share" >> beam.Map(lambda x, t: x / t, pvalue.AsSingleton(total))


@case
def tagged_outputs(p: Any) -> Any:
    outputs = create(p, 1, 2, 3) | beam.FlatMap(tagged).with_outputs("odd", main="all")
    odd = outputs.odd | "odd" >> beam.Map(lambda x: ("odd", x))
    return (odd, outputs.all) | beam.Flatten()


@case
def tagged_outputs_that_are_not_named(p: Any) -> Any:
    outputs = create(p, 1, 2, 3) | beam.FlatMap(tagged).with_outputs()
    return (outputs.odd, outputs[None]) | beam.Flatten()


@case
def partition(p: Any) -> Any:
    small, large = create(p, 1, 2, 3) | beam.Partition(lambda x, n: int(x > 1), 2)
    return (small, large | beam.Map(lambda x: -x)) | beam.Flatten()


@case
def reshuffle(p: Any) -> Any:
    return create(p, 1, 2, 2) | beam.Reshuffle()


@case
def lifecycle_of_a_function(p: Any) -> Any:
    # Beam may make several bundles: then there are several ends.
    return create(p, 1, 2) | beam.ParDo(Lifecycle()) | beam.Distinct()


@case
def function_that_is_used_twice(p: Any) -> Any:
    counting = Counting()
    first = create(p, 1) | "first" >> beam.ParDo(counting)
    return first | "second" >> beam.ParDo(counting)


@case
def elements_that_are_changed_later_are_grouped_as_they_were(p: Any) -> Any:
    pairs = create(p, 3) | beam.FlatMap(growing) | beam.Map(lambda x: ("k", x))
    return pairs | beam.GroupByKey() | beam.MapTuple(lambda k, v: sorted(v))


@case
def elements_that_are_changed_later_are_side_inputs_as_they_were(p: Any) -> Any:
    lists = create(p, 3, label="side") | beam.FlatMap(growing)
    return create(p, 0) | beam.Map(lambda x, side: sorted(side), pvalue.AsList(lists))


@case
def group_has_the_time_of_the_end_of_its_window(p: Any) -> Any:
    stamped = create(p, ("a", 1)) | beam.Map(lambda x: window.TimestampedValue(x, 7))
    before = stamped | "before" >> beam.Map(lambda x, t=beam.DoFn.TimestampParam: int(float(t)))
    grouped = stamped | beam.GroupByKey()
    summed = stamped | beam.CombinePerKey(sum)
    after = [
        c | f"after {i}" >> beam.Map(lambda x, t=beam.DoFn.TimestampParam: int(float(t)))
        for i, c in enumerate((grouped, summed))
    ]
    shuffled = stamped | beam.Reshuffle()
    last = shuffled | "last" >> beam.Map(lambda x, t=beam.DoFn.TimestampParam: int(float(t)))
    return (before, *after, last) | beam.Flatten()


@case
def windows_are_kept_apart(p: Any) -> Any:
    stamped = create(p, *range(6)) | beam.Map(lambda x: window.TimestampedValue(("k", x), x))
    windows = stamped | beam.WindowInto(window.FixedWindows(3))
    return windows | beam.GroupByKey() | beam.MapTuple(lambda k, v: sorted(v))


@case
def function_that_takes_batches(p: Any) -> Any:
    return create(p, 1, 2, 3) | beam.ParDo(InBatches()).with_input_types(int).with_output_types(int)


class Apply(beam.PTransform):  # type: ignore[misc]
    """A case under a label of its own."""

    def __init__(self, build: Build) -> None:
        super().__init__()
        self.build = build

    def expand(self, begin: Any) -> Any:
        return self.build(begin)


def build(pipeline: Any, name: str, folder: str) -> None:
    """Add a case to a pipeline; it writes what it gives, one line an element."""
    found = pipeline | name >> Apply(CASES[name]) | "text" >> beam.Map(repr)
    found | "file" >> beam.io.WriteToText(f"{folder}/{name}")
