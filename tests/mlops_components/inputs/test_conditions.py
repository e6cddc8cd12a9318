"""Columns and rows that are left out, and files with other columns, in every ExampleGen."""

import contextlib
import json
from pathlib import Path
from typing import Any

import example_rows
import pytest
from split_examples import SEQUENCE, ids, records, run

from mlops_components import (
    AvroExampleGen,
    Condition,
    CsvExampleGen,
    HashSplit,
    ImportExampleGen,
    InputConfig,
    JsonExampleGen,
    OutputConfig,
    ParquetExampleGen,
    SplitConfig,
    SqlExampleGen,
)
from mlops_components.records import message_types
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ExecutorError, ParameterError

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

ALL = OutputConfig(SplitConfig([HashSplit("all", 1)]))
FORMATS: dict[str, tuple[Any, dict[str, Any]]] = {
    "csv": (CsvExampleGen, {}),
    "json": (JsonExampleGen, {}),
    "parquet": (ParquetExampleGen, {}),
    "avro": (AvroExampleGen, {}),
    "example": (ImportExampleGen, {}),
    "sequence": (ImportExampleGen, SEQUENCE),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    types = message_types()
    example_rows.write_csv(folder / "csv" / "a.csv")
    example_rows.write_parquet(folder / "parquet" / "a.parquet")
    example_rows.write_avro(folder / "avro" / "a.avro")
    example_rows.write_records(folder / "example" / "a.gz", types["Example"])
    example_rows.write_records(folder / "sequence" / "a", types["SequenceExample"], sequence=True)
    (folder / "json").mkdir()
    lines = [json.dumps(row) for row in example_rows.rows()]
    (folder / "json" / "a.jsonl").write_text("\n".join(lines))
    return folder


def chosen(data: Path, kind: str, config: InputConfig, output: OutputConfig = ALL) -> Examples:
    component, given = FORMATS[kind]
    return run(
        component, input_base=data / kind, input_config=config, output_config=output, **given
    )


def names(examples: Examples, kind: str) -> set[str]:
    message = "SequenceExample" if kind == "sequence" else "Example"
    found: set[str] = set()
    for record in records(examples, "all"):
        parsed = message_types()[message].FromString(record)
        found |= set((parsed.context if kind == "sequence" else parsed.features).feature)
        found |= set(parsed.feature_lists.feature_list)
    return found


@pytest.mark.parametrize("kind", FORMATS)
def test_rows_that_meet_all_conditions_are_kept(data: Path, kind: str) -> None:
    rows = [Condition("id", ">=", 10), Condition("id", "in", [3, 12, 14, 250])]
    examples = chosen(data, kind, InputConfig(rows=rows))
    message = "SequenceExample" if kind == "sequence" else "Example"
    assert ids(examples, "all", message) == [12, 14, 250]


@pytest.mark.parametrize("kind", FORMATS)
def test_columns_are_left_out_and_may_be_asked_for(data: Path, kind: str) -> None:
    rows = [Condition("name", "==", "a")]
    every = names(chosen(data, kind, InputConfig(rows=rows)), kind)
    less = InputConfig(leave_out=["name", "share"], rows=rows)
    assert names(chosen(data, kind, less), kind) == every - {"name", "share"}
    assert names(chosen(data, kind, InputConfig(columns=["id"])), kind) == {"id"}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_column_that_is_left_out_moves_no_row_to_another_split(data: Path, kind: str) -> None:
    output = OutputConfig(SplitConfig([HashSplit("train", 2), HashSplit("all", 1)]))
    message = "SequenceExample" if kind == "sequence" else "Example"
    every = ids(chosen(data, kind, InputConfig(), output), "all", message)
    less = ids(chosen(data, kind, InputConfig(leave_out=["name"]), output), "all", message)
    assert less == every


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    "config",
    [
        InputConfig(columns=["nme"]),
        InputConfig(leave_out=["nme"]),
        InputConfig(rows=[Condition("nme", "is missing")]),
    ],
    ids=["columns", "leave_out", "rows"],
)
def test_a_column_that_is_not_there_gives_the_near_miss(
    data: Path, kind: str, config: InputConfig
) -> None:
    with pytest.raises(ParameterError, match="no column 'nme'") as caught:
        chosen(data, kind, config)
    assert "name" in caught.value.hint


@pytest.mark.parametrize("kind", FORMATS)
def test_a_text_is_no_number(data: Path, kind: str) -> None:
    with pytest.raises(ExecutorError, match="'name' has texts"):
        chosen(data, kind, InputConfig(rows=[Condition("name", ">", 1)]))


def test_a_missing_value_meets_only_that_it_is_missing(data: Path) -> None:
    def found(operator: Any, value: Any = None) -> list[int]:
        config = InputConfig(rows=[Condition("count", operator, value), Condition("id", "<", 20)])
        return ids(chosen(data, "parquet", config), "all")

    missing = [0, 9, 18]
    assert found("is missing") == missing
    assert found("is present") == [n for n in range(20) if n % 9]
    assert found("!=", 1000) == found("not in", [1000])
    assert sorted(found("<", 0.5) + found(">", 0.5)) == found("is present")
    assert not set(found("!=", 1000)) & set(missing)


def test_a_float_of_the_file_is_the_same_in_a_condition(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,share\n1,0.1\n2,0.2\n3,0.3\n")
    config = InputConfig(rows=[Condition("share", "<=", 0.2), Condition("share", "!=", 0.1)])
    assert ids(
        run(CsvExampleGen, input_base=tmp_path, input_config=config, output_config=ALL), "all"
    ) == [2]


def test_a_list_cannot_be_compared(data: Path) -> None:
    with pytest.raises(ExecutorError, match="several values in a row"):
        chosen(data, "parquet", InputConfig(rows=[Condition("numbers", ">", 1)]))


def test_no_row_left_is_an_error(data: Path) -> None:
    with pytest.raises(ExecutorError, match="got no rows"):
        chosen(data, "csv", InputConfig(rows=[Condition("id", "<", 0)]))


def test_an_error_names_the_row_of_the_file(data: Path) -> None:
    output = OutputConfig(SplitConfig([HashSplit("all", 1)], "count"))
    with pytest.raises(ExecutorError, match="row 19 has no value"):
        chosen(data, "parquet", InputConfig(rows=[Condition("id", ">", 10)]), output)


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("in", []),
        ("in", [1, "a"]),
        ("in", 1),
        (">", None),
        (">", [1]),
        (">", float("nan")),
        ("==", 2**70),
        ("is missing", 1),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_where_it_is_written(
    operator: Any, value: Any
) -> None:
    with pytest.raises(ParameterError, match="the condition 'fare'"):
        Condition("fare", operator, value)


def test_a_column_that_is_taken_and_left_out_is_refused() -> None:
    with pytest.raises(ParameterError, match="'a' is in columns and in leave_out"):
        InputConfig(columns=["a", "b"], leave_out=["a"])


@pytest.mark.parametrize("component", [CsvExampleGen, ParquetExampleGen, AvroExampleGen])
def test_files_with_other_columns_are_united_on_demand(tmp_path: Path, component: Any) -> None:
    _write(tmp_path / "a", component, [{"id": 1, "name": "x"}, {"id": 2, "name": "y"}])
    _write(tmp_path / "b", component, [{"tip": 5, "id": 3}])
    with pytest.raises(ExecutorError, match="other columns") as caught:
        run(component, input_base=tmp_path, output_config=ALL)
    assert "union=True" in caught.value.hint
    united = InputConfig(union=True)
    examples = run(component, input_base=tmp_path, input_config=united, output_config=ALL)
    assert ids(examples, "all") == [1, 2, 3]
    assert names(examples, "any") == {"id", "name", "tip"}
    rows = InputConfig(union=True, rows=[Condition("tip", "is missing")])
    assert ids(
        run(component, input_base=tmp_path, input_config=rows, output_config=ALL), "all"
    ) == [1, 2]


def _write(path: Path, component: Any, rows: list[dict[str, Any]]) -> None:
    if component is CsvExampleGen:
        lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
        path.with_suffix(".csv").write_text("\n".join(lines) + "\n")
    elif component is ParquetExampleGen:
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.Table.from_pylist(rows), path.with_suffix(".parquet"))
    else:
        import fastavro

        kinds = {int: "long", str: "string"}
        fields = [{"name": name, "type": kinds[type(value)]} for name, value in rows[0].items()]
        with path.with_suffix(".avro").open("wb") as file:
            fastavro.writer(file, {"type": "record", "name": "row", "fields": fields}, rows)


def test_united_files_still_have_to_agree_in_types(tmp_path: Path) -> None:
    _write(tmp_path / "a", ParquetExampleGen, [{"id": 1, "name": "x"}])
    _write(tmp_path / "b", ParquetExampleGen, [{"id": "3"}])
    with pytest.raises(ExecutorError, match=r"column 'id' has texts in .* and whole numbers in"):
        run(ParquetExampleGen, input_base=tmp_path, input_config=InputConfig(union=True))


def test_queries_have_conditions_but_no_union(tmp_path: Path) -> None:
    import sqlite3

    from mlops_components import InputSplit

    with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as base, base:
        base.execute("CREATE TABLE t (id INTEGER, name TEXT)")
        base.executemany("INSERT INTO t VALUES (?, ?)", [(1, "a"), (2, "b"), (3, None)])
    url, split = f"sqlite:///{tmp_path / 'a.db'}", InputSplit("one", "SELECT * FROM t")
    config = InputConfig([split], columns=["id"], rows=[Condition("name", "is present")])
    assert ids(run(SqlExampleGen, url=url, input_config=config, output_config=ALL), "all") == [1, 2]
    with pytest.raises(ParameterError, match="union is for files"):
        run(SqlExampleGen, url=url, input_config=InputConfig([split], union=True))


def test_strata_have_the_same_share_of_every_split(tmp_path: Path) -> None:
    lines = [f"{n},{'rare' if n % 50 == 0 else 'often'}" for n in range(1000)]
    (tmp_path / "a.csv").write_text("\n".join(["id,label", *lines]) + "\n")
    splits = [HashSplit("train", 4), HashSplit("eval", 1)]
    output = OutputConfig(SplitConfig(splits, stratify_feature_name="label"))
    examples = run(CsvExampleGen, input_base=tmp_path, output_config=output)
    dealt = {name: ids(examples, name) for name in ("train", "eval")}
    assert {name: len(found) for name, found in dealt.items()} == {"train": 800, "eval": 200}
    assert sum(n % 50 == 0 for n in dealt["eval"]) == 4
    assert sorted(dealt["train"] + dealt["eval"]) == list(range(1000))
    # Not every fifth row: a period in the data is none in the split.
    assert len({n % 5 for n in dealt["eval"]}) == 5


def test_strata_and_a_partition_exclude_each_other() -> None:
    with pytest.raises(ParameterError, match="exclude each other"):
        SplitConfig([HashSplit("a", 1)], "user", "label")
