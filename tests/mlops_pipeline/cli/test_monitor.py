"""`mlops monitor`: a log is written, and two times of it are compared."""

from pathlib import Path

import pytest
from cli_project import Mlops
from logged_requests import DAY, NOON, record, written

from mlops_pipeline.request_log import LogPolicy

pytestmark = pytest.mark.ml  # Parquet.

BEFORE = ("--against", "2026-05-19", "2026-05-20")
NOW = ("--window", "2026-05-20", "2026-05-21")


KEEP = LogPolicy({"city": "keep"})


def logged(
    folder: Path, now: str, rows: int = 100, policy: LogPolicy = KEEP, **more: object
) -> tuple[str, ...]:
    requests = []
    for at, second in ((NOON - DAY, "b"), (NOON, now)):
        for n in range(rows):
            inputs = {"city": ["a" if n % 2 else second]}
            requests.append(record(at + n, inputs, request_id=f"{at}-{n}", **more))
    written(folder, *requests, policy=policy)
    return ("monitor", "taxi", "--log", str(folder), *BEFORE, *NOW)


def test_equal_days_have_not_drifted(mlops: Mlops, tmp_path: Path) -> None:
    told = mlops(*logged(tmp_path / "log", "b"))
    assert told.code == 0, told.err
    assert "taxi: not drifted (100 rows before, 100 now)" in told.out


def test_a_drifted_input_is_named_and_the_command_fails(mlops: Mlops, tmp_path: Path) -> None:
    told = mlops(*logged(tmp_path / "log", "c"), "--json")
    assert told.code == 1
    assert told.data["verdict"] == "drifted"
    drifted = [each["name"] for each in told.data["columns"] if each["drifted"]]
    assert drifted == ["in.city"]


def test_few_rows_are_not_called_equal(mlops: Mlops, tmp_path: Path) -> None:
    told = mlops(*logged(tmp_path / "log", "c", rows=3))
    assert told.code == 1
    assert "taxi: cannot tell" in told.out


def test_rows_of_one_key_count_once(mlops: Mlops, tmp_path: Path) -> None:
    told = mlops(*logged(tmp_path / "log", "c", key="ann"), "--json")
    assert told.data["rows"] == [1, 1]


def test_a_time_without_requests_is_refused(mlops: Mlops, tmp_path: Path) -> None:
    command = logged(tmp_path / "log", "b")
    told = mlops(*command[:-2], "2026-06-01", "2026-06-02")
    assert told.code == 2
    assert "answered nothing" in told.err


def test_a_log_without_inputs_says_that_it_has_none(mlops: Mlops, tmp_path: Path) -> None:
    told = mlops(*logged(tmp_path / "log", "c", policy=LogPolicy()))
    assert "no input of taxi was logged" in told.err


def test_scores_of_classes_are_compared_place_by_place(mlops: Mlops, tmp_path: Path) -> None:
    command = logged(tmp_path / "log", "b", outputs={"scores": [[0.25, 0.75]]})
    told = mlops(*command, "--json")
    names = {each["name"] for each in told.data["columns"]}
    assert names == {"in.city", "out.scores[0]", "out.scores[1]"}
    assert (told.code, told.data["verdict"]) == (0, "not drifted")
