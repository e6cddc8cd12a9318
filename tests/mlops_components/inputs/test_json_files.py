"""JSON lines as examples: types over all files, missing names, and what is refused."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from refused_inputs import refused

from mlops_components import HashSplit, JsonExampleGen, OutputConfig, SplitConfig
from mlops_components.loaders import load_examples
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

ONE = OutputConfig(SplitConfig([HashSplit("train", 1)]))


def table(folder: Path, **given: Any) -> Any:
    outputs = run_component(JsonExampleGen, input_base=folder, output_config=ONE, **given).outputs
    return load_examples(outputs["examples"])


def test_objects_become_rows(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"id": 9007199254740993, "x": 1, "name": "zw\\u00f6lf", "on": true, "tags": ["a", "b"]}\n'
        '\n{"id": 2, "x": null, "tags": [], "extra": 5}\n'
    )
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b'{"id": 3, "x": 0.5, "none": null}\n'))
    (tmp_path / "README.md").write_text("About the data.")
    found = table(tmp_path)
    assert found["id"].tolist() == [9007199254740993, 2, 3]
    assert found["x"].isna().tolist() == [False, True, False]
    assert found["x"].dropna().tolist() == [1.0, 0.5]
    assert found["name"].tolist() == ["zwölf", None, None]
    assert found["on"].tolist()[0] == 1
    assert found["tags"].tolist() == [["a", "b"], [], []]
    assert found["extra"].isna().tolist() == [True, False, True]
    assert found["none"].isna().all()


def test_types_may_be_given(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": 1, "b": 1700000001.5}\n{"a": "x", "b": 2}\n')
    found = table(tmp_path, column_types={"a": "string", "b": "float"})
    assert found["a"].tolist() == ["1", "x"]
    assert found["b"].tolist() == pytest.approx([1.7e9, 2.0], rel=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1e400}\n', "a.jsonl:1: .* 1e400 is larger than a float can be"),
        ('{"a": "\\ud800"}\n', "row 1: a is no text of Unicode"),
        ('{"": 1, "a": 2}\n', "an object has a value without a name"),
        ('{"a": 1}\n{"a": "x"}\n', "'a' has whole numbers in row 1 .* and texts in row 2 of"),
        ('{"a": {"b": 1}}\n', "row 1: column 'a' has an object in it"),
        ('{"a": [1, null]}\n', "row 1: column 'a' has a null in a list"),
        ('{"a": 1, "a": 2}\n', "a.jsonl:1: .*'a' occurs twice"),
        ('{"a": 1}\n{"a": \n', "a.jsonl:2: not an object of JSON"),
        ("[1, 2]\n", "a.jsonl:1: a list, not an object"),
        ('{"a": 1700000001.0}\n', "row 1: column 'a' is 1700000001, of which"),
        ('{"a": 0.5}\n{"a": 9007199254740993}\n', "row 2: column 'a' is 9007199254740993"),
        ('{"a": 9223372036854775808}\n', "row 1: a is 9223372036854775808, which is no int"),
        ("\n", "a.jsonl is empty"),
    ],
    ids=[
        "beyond float",
        "no text",
        "no name",
        "types",
        "object",
        "null",
        "twice",
        "cut",
        "list",
        "seconds",
        "id",
        "large",
        "empty",
    ],
)
def test_what_is_no_feature_is_named(tmp_path: Path, text: str, message: str) -> None:
    import re

    (tmp_path / "a.jsonl").write_text(text)
    assert re.search(message, refused(JsonExampleGen, tmp_path))


def test_column_types_are_of_columns(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"name": 1}\n')
    given = {"column_types": {"nam": "int"}}
    assert "did you mean 'name'?" in refused(JsonExampleGen, tmp_path, **given)
