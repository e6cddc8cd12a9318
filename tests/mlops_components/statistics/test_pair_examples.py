"""ExampleDiff: differences that were put in are found, by both engines."""

from typing import Any

import pytest
from paired_examples import ROWS, SKEW, diff, written

from mlops_components import (
    PairedExampleSkew,
    loaders,
)
from mlops_pipeline.artifacts import Examples

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return written(tmp_path_factory.mktemp("base"), lambda number: {}, range(ROWS))


@pytest.fixture(scope="module")
def test(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    def change(number: int) -> dict[str, Any]:
        if number % 10 == 0:
            return {"kind": "c"}
        return {"size": number + 0.25, "new": "x"} if number % 10 == 1 else {}

    return written(tmp_path_factory.mktemp("test"), change, range(ROWS + 5))


@pytest.fixture(scope="module")
def found(test: Examples, base: Examples) -> Any:
    return diff(test, base, SKEW)


def readable(pair: Any) -> tuple[str, ...]:
    """A sampled pair with its rows parsed: their bytes keep no order of the features."""
    import tensorflow as tf

    rows = (tf.train.Example.FromString(row) for row in (pair.base, pair.test))
    names = (pair.matched_features, pair.mismatched_features)
    only = (pair.base_only_features, pair.test_only_features)
    return (*map(str, rows), *(str(sorted(each)) for each in (*names, *only)))


def test_beam_finds_the_same(found: Any, test: Examples, base: Examples) -> None:
    other = diff(test, base, SKEW, engine="beam")
    ours, theirs = (loaders.load_examples_diff(each)["train_train"] for each in (found, other))
    assert other.properties["engine"] == "beam"
    assert (ours.features, ours.matches, ours.confusion) == (
        theirs.features,
        theirs.matches,
        theirs.confusion,
    )
    pairs, others = (sorted(map(readable, each.sample)) for each in (ours, theirs))
    assert pairs
    assert pairs == others


def test_it_draws_and_writes_the_same_each_time(test: Examples, base: Examples) -> None:
    skew = PairedExampleSkew(["id"], skew_sample_size=3)
    first, second = (diff(test, base, skew) for _ in range(2))
    for path in first.path.rglob("*-of-*"):
        assert path.read_bytes() == (second.path / path.relative_to(first.path)).read_bytes()
    result = loaders.load_examples_diff(first)["train_train"]
    assert len(result.sample) == 3
    assert {skew.feature_name: skew.mismatch_count for skew in result.features}["kind"] == 6
    assert [s.feature_name for s in result.features if s.mismatch_count] == ["kind"]


def test_all_pairs_are_compared_if_none_is_named(test: Examples, base: Examples) -> None:
    made = diff(test, base, PairedExampleSkew(["id"]), include_split_pairs=None)
    names = ["eval_eval", "eval_train", "train_eval", "train_train"]
    assert list(loaders.load_examples_diff(made)) == names
