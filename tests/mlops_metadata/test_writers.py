"""Many processes on one store: none starves, none wins twice, none loses what it wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.store import ArtifactRecord, Direction, Execution, MetadataStore, State

pytestmark = pytest.mark.mlmd

WRITERS, WRITES = 8, 20
RACERS, ROUNDS = 4, 25


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metadata.db"


@pytest.fixture
def store(path: Path) -> Iterator[MetadataStore]:
    opened = open_sqlite(f"sqlite:///{path}")
    base = Execution("pets.Import", "pets", "run-0", "import", State.COMPLETE)
    opened.put_execution(base, outputs={"base": [ArtifactRecord("Base", "/base", name="base")]})
    yield opened
    opened.close()


@pytest.mark.slow  # eight processes import MLMD
def test_eight_processes_make_one_store_and_all_write(
    path: Path, other_processes: Any, sql: Any
) -> None:
    processes = other_processes(f"sqlite:///{path}", WRITERS)
    for number, process in enumerate(processes):
        process.send("write", name=f"w{number}", count=WRITES)
    ids = [process.answer() for process in processes for _ in range(WRITES)]
    assert len(set(ids)) == WRITERS * WRITES
    assert [process.ask("retries") for process in processes] == [0] * WRITERS
    for process in processes:
        process.close()
    assert sql(path, "SELECT count(*) FROM Execution WHERE last_known_state = 3") == [
        [WRITERS * WRITES]
    ]
    assert sql(path, "SELECT count(*) FROM Event") == [[2 * WRITERS * WRITES]]
    assert sql(path, "SELECT name FROM Type GROUP BY name, type_kind HAVING count(*) > 1") == []
    assert sql(path, "PRAGMA integrity_check") == [["ok"]]


@pytest.mark.parametrize("race", ["begin", "claim", "publish", "end"])
def test_of_racing_processes_exactly_one_wins(
    path: Path, store: MetadataStore, other_processes: Any, race: str
) -> None:
    processes = other_processes(f"sqlite:///{path}", RACERS)
    loses = dict.fromkeys(("begin", "claim", "publish"), "AlreadyExistsError")
    for number in range(ROUNDS):
        running, _ = store.put_execution(
            Execution("pets.Train", "pets", "run", "train", State.RUNNING)
        )
        for process in processes:
            process.send("race", race=race, name=f"key-{number}", id=running.id)
        results = Counter(process.answer() for process in processes)
        assert results == {"won": 1, loses.get(race, "StaleExecutionError"): RACERS - 1}
    published = [a.name for a in store.artifacts_by_type("Model", limit=1000)]
    assert len(set(published)) == len(published) == (ROUNDS if race == "publish" else 0)


def test_opening_the_file_twice_loses_no_writes(
    path: Path, store: MetadataStore, other_processes: Any
) -> None:
    """If closing the second dropped the locks of the first, the one that ends here would take
    itself for the last, and delete the log that the first goes on writing to."""
    writer, leaver, reader = other_processes(f"sqlite:///{path}", 3)
    writer.ask("write", name="before", count=1)
    writer.ask("reopen")
    leaver.ask("write", name="leaver", count=1)
    reader.close()
    store.close()
    leaver.close()
    writer.ask("write", name="after", count=1)
    (fresh,) = other_processes(f"sqlite:///{path}", 1)
    assert {"before-0-0", "leaver-0-0", "after-0-0"} <= set(fresh.ask("names"))


@pytest.mark.slow  # kills and restarts a writer again and again
def test_a_killed_writer_leaves_whole_executions_only(
    path: Path, store: MetadataStore, other_processes: Any, sql: Any
) -> None:
    written = 0
    for number in range(5):
        (process,) = other_processes(f"sqlite:///{path}", 1)
        process.send("write", name=f"w{number}", count=1000)
        for _ in range(3 + 7 * number):
            process.answer()
            written += 1
        process.kill()
    assert sql(path, "PRAGMA integrity_check") == [["ok"]]
    found = store.recent_executions("pets.Train", limit=10_000)
    complete = [e for e in found if e.state is State.COMPLETE]
    assert len(complete) >= written
    events = Counter(
        (e.execution_id, e.direction) for e in store.events_by_execution([e.id for e in found])
    )
    for execution in found:
        assert execution.parameters == {"third": 1 / 3}
        assert store.executions_of_run(execution.run_id) == [execution]
        assert events[execution.id, Direction.INPUT] == 1
        outputs = 2 if execution.state is State.COMPLETE else 0
        assert events[execution.id, Direction.OUTPUT] == outputs
        cached = store.executions_by_cache_key(execution.cache_key)
        assert cached == ([execution] if outputs else [])
    assert len(store.artifacts_by_type("Model", limit=10_000)) == 2 * len(complete)
    store.put_execution(Execution("pets.Train", "pets", "run", "train", State.RUNNING, name="next"))


def test_a_reader_sees_what_another_process_has_written(
    path: Path, store: MetadataStore, other_processes: Any
) -> None:
    (other,) = other_processes(f"sqlite:///{path}", 1)
    found = other.ask("write", name="w", count=1)
    assert [e.state for e in store.executions([found])] == [State.COMPLETE]
    assert len(store.executions_by_cache_key("key-w-0")) == 1
    (mine,) = store.recent_executions("pets.Train")
    assert mine.id == found
