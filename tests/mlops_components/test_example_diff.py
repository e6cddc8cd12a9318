"""ExampleDiff: differences that were put in are found, by both engines."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_components import (
    ConfusionConfig,
    ExampleDiff,
    ExampleDiffConfig,
    PairedExampleSkew,
    loaders,
)
from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError, PipelineError
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

ROWS = 60


def record(number: int, **values: Any) -> bytes:
    import tensorflow as tf

    row = {"id": f"r{number}", "size": float(number), "kind": "ab"[number % 2], "none": None}
    features = tf.train.Features()
    for name, value in {**row, **values}.items():
        feature = features.feature[name]
        if isinstance(value, str):
            feature.bytes_list.value.append(value.encode())
        elif value is not None:
            feature.float_list.value.append(value)
    return tf.train.Example(features=features).SerializeToString()


def written(folder: Path, change: Callable[[int], dict[str, Any]], rows: range) -> Examples:
    made = Examples(str(folder))
    with SplitWriter(made, ["train", "eval"]) as writer:
        for number in rows:
            writer.write("train", record(number, **change(number)))
        writer.write("eval", record(0))
    return made


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


def diff(test: Examples, base: Examples, skew: PairedExampleSkew, **parameters: Any) -> Any:
    parameters.setdefault("include_split_pairs", [("train", "train")])
    made = run_component(
        ExampleDiff,
        examples_test=test,
        examples_base=base,
        config=ExampleDiffConfig(skew),
        **parameters,
    )
    return made.outputs["example_diff_result"]


SKEW = PairedExampleSkew(
    ["id"],
    skew_sample_size=100,
    float_round_ndigits=None,
    confusion_config=[ConfusionConfig("kind")],
)


@pytest.fixture(scope="module")
def found(test: Examples, base: Examples) -> Any:
    return diff(test, base, SKEW)


def test_what_differs_is_found(found: Any) -> None:
    result = loaders.load_examples_diff(found)["train_train"]
    by_name = {skew.feature_name: skew for skew in result.features}
    assert by_name["kind"].mismatch_count == 6
    assert by_name["kind"].match_count == ROWS - 6
    assert by_name["size"].mismatch_count == 6
    assert by_name["new"].test_only == 6
    assert by_name["new"].base_only == 0
    assert (result.matches.base_with_id_count, result.matches.test_with_id_count) == (60, 65)
    assert result.matches.ids_missing_in_base_count == 5
    assert len(result.sample) == 12
    pairs = {(c.base.bytes_value, c.test.bytes_value): c.count for c in result.confusion}
    assert pairs == {(b"a", b"a"): 24, (b"b", b"b"): 30, (b"a", b"c"): 6}
    assert found.properties["engine"] == "memory"


def test_files_are_where_tfx_has_them(found: Any) -> None:
    files = sorted(path.name for path in (found.path / "SplitPair-train_train").iterdir())
    names = ["confusion", "match_stats", "sample_pairs", "skew_stats"]
    assert files == [f"{name}-00000-of-00001" for name in names]


def test_beam_finds_the_same(found: Any, test: Examples, base: Examples) -> None:
    other = diff(test, base, SKEW, engine="beam")
    ours, theirs = (loaders.load_examples_diff(each)["train_train"] for each in (found, other))
    assert other.properties["engine"] == "beam"
    assert (ours.features, ours.matches, ours.confusion) == (
        theirs.features,
        theirs.matches,
        theirs.confusion,
    )
    assert sorted(map(str, ours.sample)) == sorted(map(str, theirs.sample))


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


@pytest.mark.parametrize(
    ("skew", "parameters", "error", "message"),
    [
        (PairedExampleSkew([]), {}, ParameterError, "names no identifier_features"),
        (PairedExampleSkew(["key"]), {}, ParameterError, "has the identifier_features key"),
        (
            PairedExampleSkew(["id"]),
            {"include_split_pairs": [("train", "evil")]},
            NotFoundError,
            "no split 'evil'",
        ),
    ],
)
def test_mistakes_are_named(
    test: Examples,
    base: Examples,
    skew: PairedExampleSkew,
    parameters: dict[str, Any],
    error: type[PipelineError],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        diff(test, base, skew, **parameters)


def test_records_that_are_no_examples_are_named(base: Examples, tmp_path: Path) -> None:
    broken = Examples(str(tmp_path))
    with SplitWriter(broken, ["train"]) as writer:
        writer.write("train", b"no example")
    with pytest.raises(ExecutorError, match=r"not a tf\.Example"):
        diff(broken, base, SKEW)
