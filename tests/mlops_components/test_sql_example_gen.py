"""`SqlExampleGen` with SQLite, and with a PostgreSQL that is started here."""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from postgres_server import find_binaries, free_port, postgres_server
from sql_examples import run

from mlops_components import (
    OutputConfig,
    RangeConfig,
    RollingRange,
    SqlExampleGen,
    TimeSplit,
    TimeSplitConfig,
)
from mlops_components.loaders import load_examples
from mlops_pipeline import Cache, Secret, api, compile_pipeline, pipeline
from mlops_pipeline.errors import (
    ExecutorError,
    ParameterError,
    WiringError,
)
from mlops_pipeline.roots import digest_path
from mlops_pipeline.store import MemoryStore

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


PASSWORD = "s3cret/p@ss"


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


def test_rows_of_a_query_become_examples(sqlite: str) -> None:
    examples = run(url=sqlite, query="SELECT * FROM trips ORDER BY id")
    frame = load_examples(examples).sort_values("id")
    assert examples.splits == ["train", "eval"]
    assert frame["id"].tolist() == list(range(100))
    assert frame["fare"].isna().sum() == 20
    assert frame["company"].tolist()[:4] == ["c0", "c1", "c2", "c0"]
    assert examples.properties["payload_format"] == "FORMAT_TF_EXAMPLE"
    again = run(url=sqlite, query="SELECT * FROM trips ORDER BY id")
    assert digest_path(examples.path) == digest_path(again.path)


def test_a_query_asks_for_its_span(sqlite: str) -> None:
    query = (
        "SELECT id, @span_yyyymmdd_utc AS date, '12:30' AS time FROM trips "
        "WHERE day * 86400 >= @span_begin_timestamp AND day * 86400 < @span_end_timestamp"
    )
    examples = run(url=sqlite, query=query, span=3)
    frame = load_examples(examples)
    assert sorted(frame["id"]) == list(range(30, 40))
    assert set(frame["date"]) == {"19700104"}
    assert set(frame["time"]) == {"12:30"}
    assert examples.properties["span"] == 3
    with pytest.raises(ParameterError, match="asks for a span, and none is given"):
        run(url=sqlite, query=query)
    newest = RangeConfig(rolling_range=RollingRange(1))
    with pytest.raises(ParameterError, match="asks for a span, and none is given"):
        run(url=sqlite, query=query, range_config=newest)


def test_a_password_in_the_url_is_refused_where_it_is_written() -> None:
    @pipeline
    def leaking() -> None:
        SqlExampleGen(url="postgresql://u:pw@h/d", query="SELECT 1")

    with pytest.raises(WiringError, match="URL with a password in it") as caught:
        compile_pipeline(leaking)
    assert "pw" not in str(caught.value)


def test_a_password_in_the_url_of_a_run_is_refused(tmp_path: Path) -> None:
    where = api.Where(MemoryStore(), tmp_path)
    for url in ("postgresql://u:pw@h/d", "postgresql://h/d?password=pw"):
        done = api.run(always, {"url": url}, where=where, check=False, in_process=True)
        assert "url has a password in it" in done["SqlExampleGen"].execution.error


@pipeline
def always(url: str, salt: str = "") -> None:
    """A query that nothing is said of."""
    SqlExampleGen(url=url, query="SELECT * FROM trips ORDER BY id")


@pipeline
def told(url: str, print: str) -> None:
    """A query whose data have a name."""
    SqlExampleGen(url=url, query="SELECT * FROM trips ORDER BY id", fingerprint=print)


@pipeline
def aging(url: str) -> None:
    """A query whose result may be an hour old."""
    recent = SqlExampleGen.options(cache=Cache(max_age=3600))
    recent(url=url, query="SELECT * FROM trips ORDER BY id")


def test_a_query_runs_again_unless_something_stands_for_its_data(
    sqlite: str, tmp_path: Path
) -> None:
    where = api.Where(MemoryStore(), tmp_path)

    def node(written: Any, **parameters: str) -> Any:
        given = {"url": sqlite, **parameters}
        return api.run(written, given, where=where, in_process=True).check()["SqlExampleGen"]

    assert [node(always).decision for _ in range(2)] == ["run", "run"]
    assert "no digest of its data" in node(always).reason
    assert [node(told, print=text).decision for text in "aab"] == ["run", "cached", "run"]
    assert node(told, print="a").artifact("examples").properties["input_fingerprint"] == "a"
    assert [node(aging).decision for _ in range(2)] == ["run", "cached"]


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server with a table."""

    port: int

    def url(self, user: str = "reader", port: int = 0) -> str:
        return f"postgresql+psycopg://{user}@127.0.0.1:{port or self.port}/postgres"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL is installed here: apt-get install postgresql")
    with postgres_server(binaries, PASSWORD) as started:
        _fill(started.port)
        yield Server(started.port)


def _fill(port: int) -> None:
    import psycopg

    owner = f"host=127.0.0.1 port={port} user=owner dbname=postgres"
    with psycopg.connect(owner, password=PASSWORD) as connection:
        connection.execute(
            "CREATE TABLE trips AS SELECT n AS id, n / 4.0 AS fare, (n % 3 = 0) AS shared, "
            "'c' || n % 3 AS company, timestamptz '2024-01-01 00:00+00' + n * interval '1 hour' "
            "AS start, ARRAY[n, n + 1] AS pair, NULLIF(n % 2, 0) AS odd "
            "FROM generate_series(0, 99) AS n"
        )
        connection.execute("CREATE TABLE hidden AS SELECT 1 AS id")
        connection.execute(psycopg.sql.SQL("CREATE ROLE reader LOGIN PASSWORD {}").format(PASSWORD))
        connection.execute("GRANT SELECT ON trips TO reader")


def test_postgresql_rows_become_examples(server: Server) -> None:
    query = "SELECT * FROM trips WHERE company LIKE 'c%' AND id::int >= 0 ORDER BY id"
    examples = run(url=server.url(), password=PASSWORD, query=query)
    frame = load_examples(examples).sort_values("id")
    assert frame["id"].tolist() == list(range(100))
    assert frame["fare"].tolist()[:3] == [0.0, 0.25, 0.5]
    assert frame["shared"].tolist()[:4] == [1, 0, 0, 1]
    assert frame["start"].tolist()[1] == "2024-01-01T01:00:00Z"
    assert frame["pair"].tolist()[1] == [1, 2]
    assert frame["odd"].isna().sum() == 50


def test_postgresql_url_with_a_password_and_rows_by_time(server: Server) -> None:
    from urllib.parse import quote

    whole = server.url().replace("reader@", f"reader:{quote(PASSWORD, safe='')}@")
    days = [TimeSplit("first", "2024-01-02"), TimeSplit("rest")]
    config = OutputConfig(time_split_config=TimeSplitConfig("start", days))
    frame = load_examples(run(url=whole, query="SELECT * FROM trips", output_config=config))
    assert frame.loc["first"]["id"].max() == 23


def test_postgresql_streams_rows_in_bounded_memory(server: Server) -> None:
    import tracemalloc

    query = "SELECT n AS id, repeat(md5(n::text), 128) AS text FROM generate_series(1, 15000) AS n"
    run(url=server.url(), password=PASSWORD, query="SELECT id FROM trips")
    tracemalloc.start()
    try:
        examples = run(url=server.url(), password=PASSWORD, query=query)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert examples.splits == ["train", "eval"]
    # Of 60 MB in all.
    assert peak < 48 << 20


def test_postgresql_failures_are_told_without_the_password(server: Server) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"password": f"not-{PASSWORD}"}, "password authentication failed"),
        ({"url": server.url("nobody")}, "password authentication failed"),
        ({"url": server.url(port=free_port())}, "cannot connect to .* refused"),
        ({"query": "SELECT * FROM trip"}, 'relation "trip" does not exist'),
        ({"query": "SELECT * FROM hidden"}, "permission denied"),
        ({"query": "SELECT interval '1 day' AS d"}, "row 1: column 'd' is of type timedelta"),
        ({"query": "SELECT ARRAY[1, NULL] AS a"}, "row 1: column 'a' is a null in a list"),
        ({"query": "SELECT 1 / (id - 50) AS x FROM trips ORDER BY id"}, "division by zero"),
        ({"query": "INSERT INTO trips SELECT * FROM trips RETURNING id"}, "syntax error"),
    ]
    for change, message in cases:
        given = {"url": server.url(), "password": PASSWORD, "query": "SELECT * FROM trips"}
        with pytest.raises(ExecutorError, match=message) as caught:
            run(**{**given, **change})
        assert PASSWORD not in str(caught.value)


def test_the_password_is_nowhere_in_what_a_run_leaves(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from urllib.parse import quote

    monkeypatch.setenv("TRIPS_PASSWORD", PASSWORD)
    quoted = quote(PASSWORD, safe="")
    monkeypatch.setenv("TRIPS_URL", server.url().replace("reader@", f"reader:{quoted}@"))

    @pipeline
    def trips(url: str, table: str) -> None:
        SqlExampleGen(
            url=url, password=Secret("TRIPS_PASSWORD"), query=f"SELECT * FROM {table} ORDER BY id"
        )

    store = MemoryStore()
    where = api.Where(store, tmp_path)
    left = [str(compile_pipeline(trips))]
    for table in ("trips", "trip"):
        given = {"url": server.url(), "table": table}
        done = api.run(trips, given, where=where, check=False, in_process=True)
        left += [repr(done), repr([vars(node) for node in done]), repr(vars(store))]
        assert set(done.decisions.values()) == {"run" if table == "trips" else "failed"}
    left += [p.read_bytes().decode("latin1") for p in tmp_path.rglob("*") if p.is_file()]
    assert not [text for text in left if PASSWORD in text or quoted in text]
