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


def test_groups_flattens_and_partitions() -> None:
    import apache_beam as beam

    def build(pipeline: Any, keep: Any) -> None:
        pairs = pipeline | beam.Create(range(6)) | beam.Map(lambda x: (x % 2 == 0, x))
        even, odd = pairs | beam.Partition(lambda kv, n: int(kv[0]), 2)
        groups = (even, odd) | beam.Flatten() | beam.GroupByKey()
        groups | "keep" >> beam.Map(lambda kv: keep((kv[0], sorted(kv[1]))))

    assert collected(build) == [(False, [1, 3, 5]), (True, [0, 2, 4])]


def test_combining_nothing_gives_the_default() -> None:
    import apache_beam as beam

    def build(pipeline: Any, keep: Any) -> None:
        pipeline | beam.Create([]) | beam.combiners.Count.Globally() | "keep" >> beam.Map(keep)

    assert collected(build) == [0]


def test_keys_are_told_apart_by_type() -> None:
    import apache_beam as beam

    def build(pipeline: Any, keep: Any) -> None:
        pairs = pipeline | beam.Create([(1, 1), (True, 1), (1.0, 1)])
        pairs | beam.CombinePerKey(sum).with_hot_key_fanout(4) | "keep" >> beam.Map(keep)

    assert len(collected(build)) == 3
