"""Tables written as examples, and read again."""

from typing import Any

import pytest

from mlops_components import read_frame, write_frames
from mlops_components.records import files_of_split, tfrecords
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ParameterError
from mlops_pipeline.testing import artifact

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize(
    ("kind", "values"),
    [("Int64", [1, None]), ("string", ["x", None]), ("boolean", [True, None]), ("Float64", [0.5])],
)
def test_tables_may_have_nullable_columns(kind: str, values: list[Any]) -> None:
    import pandas as pd

    written = artifact(Examples, {})
    write_frames(written, {"train": pd.DataFrame({"a": pd.array(values, dtype=kind)})})
    found = read_frame([str(written.split("train") / "*")])["a"]
    assert found[0] == values[0]
    assert found.isna().tolist() == [value is None for value in values]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [2**63 + 1, 2]}, "column 'a' holds 9223372036854775809"),
        ({"a": [1], 1: [2], "1": [3]}, "split 'train' has 2 columns named '1'"),
        ({"a": []}, "split 'train' has no rows"),
        ({}, "split 'train' has no rows"),
        ({"a": ["\ud800"]}, "column 'a' holds .*, which is no text of Unicode"),
    ],
    ids=["beyond 64 bits", "name twice", "empty", "nothing", "no text"],
)
def test_tables_that_cannot_be_written_are_refused(columns: dict[Any, Any], message: str) -> None:
    import pandas as pd

    with pytest.raises(ParameterError, match=message):
        write_frames(artifact(Examples, {}), {"train": pd.DataFrame(columns)})


def test_a_table_without_columns_is_refused() -> None:
    import pandas as pd

    with pytest.raises(ParameterError, match="split 'train' has no columns"):
        write_frames(artifact(Examples, {}), {"train": pd.DataFrame(index=range(2))})


def test_arrays_are_written_as_lists_are() -> None:
    import numpy as np
    import pandas as pd

    rows: dict[str, list[list[Any]]] = {
        "float": [[0.5, 1.5], [], [2.0]],
        "int": [[1, 2], [3], []],
        "bool": [[True], [False, True], []],
    }
    arrays = {name: [np.array(row, dtype=name) for row in cells] for name, cells in rows.items()}
    written = [artifact(Examples, {}), artifact(Examples, {})]
    for examples, columns in zip(written, (rows, arrays), strict=True):
        write_frames(examples, {"train": pd.DataFrame(columns)})
    lists, same = (files_of_split(examples, "train")[0].read_bytes() for examples in written)
    assert lists == same


def test_whole_numbers_of_arrays_keep_their_digits() -> None:
    import numpy as np
    import pandas as pd

    large = pd.DataFrame({"a": [np.array([2**63 + 1], np.uint64)]})
    with pytest.raises(ParameterError, match="column 'a' holds 9223372036854775809"):
        write_frames(artifact(Examples, {}), {"train": large})


def test_large_rows_are_encoded_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    import pandas as pd

    from mlops_components.records import tables

    frame = pd.DataFrame({"a": ["x" * 10, "y" * 200, "z", None], "b": [1, 2, 3, 4]})
    whole = artifact(Examples, {})
    write_frames(whole, {"train": frame})
    parts = artifact(Examples, {})
    monkeypatch.setattr(tables, "LIST_BYTES", 64)
    write_frames(parts, {"train": frame})
    (one,), (other,) = (files_of_split(examples, "train") for examples in (whole, parts))
    assert list(tfrecords.read_records(one)) == list(tfrecords.read_records(other))
