"""`SqlExampleGen` with SQLite, and with a PostgreSQL that is started here."""

import contextlib
import sqlite3

import pytest
from sql_examples import run

from mlops_components import (
    InputConfig,
    InputSplit,
    OutputConfig,
    TimeSplit,
    TimeSplitConfig,
)
from mlops_components.loaders import load_examples
from mlops_pipeline.errors import (
    ExecutorError,
    ParameterError,
    PipelineError,
    SettingsError,
)

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("sqlite") / "trips.db"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE trips (id INTEGER, fare REAL, company TEXT, day INTEGER)")
        rows = [(n, None if n % 5 == 0 else n / 4, f"c{n % 3}", n // 10) for n in range(100)]
        database.executemany("INSERT INTO trips VALUES (?, ?, ?, ?)", rows)
        database.execute("CREATE TABLE mixed (x)")
        database.executemany("INSERT INTO mixed VALUES (?)", [(None,), (1,), (2,), ("three",)])
    return f"sqlite:///{path}"


def test_queries_by_split_and_rows_by_time(sqlite: str) -> None:
    queries = [
        InputSplit("train", "SELECT * FROM trips WHERE id < 70"),
        InputSplit("eval", "SELECT * FROM trips WHERE id >= 70"),
    ]
    frame = load_examples(run(url=sqlite, input_config=InputConfig(queries)))
    assert (len(frame.loc["train"]), len(frame.loc["eval"])) == (70, 30)
    times = TimeSplitConfig("day", [TimeSplit("old", "1970-01-01T00:00:05"), TimeSplit("new")])
    config = OutputConfig(time_split_config=times)
    frame = load_examples(run(url=sqlite, query="SELECT * FROM trips", output_config=config))
    assert frame.loc["old"]["id"].max() == 49


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT * FROM trip", "query of split 'single_split': no such table: trip"),
        ("SELEC", "syntax error"),
        ("SELECT x FROM mixed", "row 4: column 'x' is of type str, and a whole number before"),
        ("SELECT id, id FROM trips", "column 'id' occurs twice|'id_1'"),
        ("SELECT * FROM trips WHERE id < 0", "split 'train' got no rows"),
        ("CREATE TABLE new (x)", "the query gives no rows"),
        ("", "needs one of query and input_config"),
    ],
)
def test_bad_queries_are_named(sqlite: str, query: str, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        run(url=sqlite, query=query)


def test_unknown_databases_are_named() -> None:
    with pytest.raises(ParameterError, match="url is not the URL of a database"):
        run(url="nowhere", query="SELECT 1")
    with pytest.raises(SettingsError, match="oddsql"):
        run(url="oddsql://host/db", query="SELECT 1")
    with pytest.raises(ExecutorError, match="cannot connect to sqlite:////no/such/file"):
        run(url="sqlite:////no/such/file", query="SELECT 1")
