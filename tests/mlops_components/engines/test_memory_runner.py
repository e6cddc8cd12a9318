"""Pipelines of Apache Beam on our runner: the results are those of Beam's own."""

from typing import Any

import pytest

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def collected(build: Any) -> list[Any]:
    """What a pipeline puts out, sorted."""
    from mlops_components.engines import _memory_runner

    found: list[Any] = []
    _memory_runner.run(lambda pipeline: build(pipeline, found.append))
    return sorted(found, key=repr)


def test_side_inputs_are_complete_before_they_are_used() -> None:
    import apache_beam as beam

    def build(pipeline: Any, keep: Any) -> None:
        numbers = pipeline | beam.Create([1, 2, 3, 4])
        total = numbers | beam.CombineGlobally(sum)
        shares = numbers | "share" >> beam.Map(lambda x, t: x / t, beam.pvalue.AsSingleton(total))
        largest = shares | beam.combiners.Top.Of(1)
        shares | "keep" >> beam.Map(lambda x, m: keep(x == m[0]), beam.pvalue.AsSingleton(largest))

    assert collected(build) == [False, False, False, True]


def test_stream_is_read_again_instead_of_kept() -> None:
    import apache_beam as beam

    from mlops_components.engines._memory_steps import Stream

    reads: list[int] = []

    def numbers() -> Any:
        reads.append(1)
        return iter([1.0, 3.0])

    def build(pipeline: Any, keep: Any) -> None:
        stream = pipeline | Stream(numbers) | "as is" >> beam.Map(lambda x: x)
        mean = stream | beam.combiners.Mean.Globally()
        again = pipeline | "again" >> Stream(numbers)
        again | "keep" >> beam.Map(lambda x, m: keep(x - m), beam.pvalue.AsSingleton(mean))

    assert collected(build) == [-1.0, 1.0]
    assert len(reads) == 2


def test_failing_function_raises_its_own_error() -> None:
    import apache_beam as beam

    def build(pipeline: Any, keep: Any) -> None:
        pipeline | beam.Create([0]) | beam.Map(lambda x: keep(1 / x))

    with pytest.raises(ZeroDivisionError):
        collected(build)


def test_functions_are_torn_down_when_one_has_failed(tmp_path: Any) -> None:
    import apache_beam as beam

    class Closing(beam.DoFn):  # type: ignore[misc]
        def process(self, value: int) -> Any:
            yield 1 // value

        def teardown(self) -> None:
            (tmp_path / "torn down").touch()

    def build(pipeline: Any, keep: Any) -> None:
        pipeline | beam.Create([1, 0]) | beam.ParDo(Closing())

    with pytest.raises(ZeroDivisionError):
        collected(build)
    assert (tmp_path / "torn down").exists()


def test_long_chains_of_steps_are_run() -> None:
    import apache_beam as beam

    def build(pipeline: Any, keep: Any) -> None:
        numbers = pipeline | beam.Create([0])
        for step in range(300):
            numbers = numbers | str(step) >> beam.Map(lambda x: x + 1)
        numbers | "keep" >> beam.Map(keep)

    assert collected(build) == [300]


def test_file_is_written_under_the_name_that_beam_gives_it(tmp_path: Any) -> None:
    import apache_beam as beam

    def build(pipeline: Any, keep: Any) -> None:
        lines = pipeline | beam.Create(["a", "b"])
        lines | beam.io.WriteToText(str(tmp_path / "out"), file_name_suffix=".txt") | beam.Map(keep)

    (name,) = collected(build)
    assert name == str(tmp_path / "out-00000-of-00001.txt")
    assert (tmp_path / "out-00000-of-00001.txt").read_text() == "a\nb\n"


def test_stateful_function_goes_to_beams_own_runner(tmp_path: Any) -> None:
    import apache_beam as beam
    from apache_beam.transforms.userstate import CombiningValueStateSpec

    counter = beam.DoFn.StateParam(CombiningValueStateSpec("count", sum))

    class Number(beam.DoFn):  # type: ignore[misc]
        def process(self, pair: Any, count: Any = counter) -> Any:
            count.add(1)
            yield f"{pair[1]}{count.read()}"

    def build(pipeline: Any, keep: Any) -> None:
        named = pipeline | beam.Create([(0, "a"), (0, "b")]) | beam.ParDo(Number())
        named | beam.io.WriteToText(str(tmp_path / "out"))

    collected(build)
    (file,) = tmp_path.glob("out*")
    assert sorted(text[1] for text in file.read_text().split()) == ["1", "2"]


def test_elements_are_let_go_of_once_they_are_through() -> None:
    import gc
    import weakref

    import apache_beam as beam

    from mlops_components.engines import _memory_runner
    from mlops_components.engines._memory_steps import Stream

    class Large:
        """An element that is known to be gone."""

    alive: list[Any] = []
    most = 0

    def elements() -> Any:
        for _ in range(20):
            element = Large()
            alive.append(weakref.ref(element))
            yield element

    def look(element: Any) -> int:
        nonlocal most
        gc.collect()
        most = max(most, sum(each() is not None for each in alive))
        return 1

    def build(pipeline: Any) -> None:
        same = pipeline | Stream(elements) | "same" >> beam.Map(lambda element: element)
        _ = same | "look" >> beam.Map(look) | beam.CombineGlobally(sum)

    _memory_runner.run(build)
    assert len(alive) == 20
    assert 1 <= most <= 2
