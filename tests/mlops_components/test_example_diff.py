"""ExampleDiff: differences that were put in are found, by both engines."""

from pathlib import Path
from typing import Any

import pytest
from paired_examples import ROWS, SKEW, diff, written

from mlops_components import (
    loaders,
)
from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ExecutorError

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


def test_records_that_are_no_examples_are_named(base: Examples, tmp_path: Path) -> None:
    broken = Examples(str(tmp_path))
    with SplitWriter(broken, ["train"]) as writer:
        writer.write("train", b"no example")
    with pytest.raises(ExecutorError, match=r"not a tf\.Example"):
        diff(broken, base, SKEW)


@pytest.mark.parametrize("engine", ["memory", "beam"])
def test_rows_that_were_not_read_are_missed(test: Examples, base: Examples, engine: str) -> None:
    less = Examples(base.uri, properties={**base.properties, "num_examples": {"train": ROWS + 1}})
    with pytest.raises(ExecutorError, match=f"split 'train' .*: {ROWS} of {ROWS + 1} rows"):
        diff(test, less, SKEW, engine=engine)
