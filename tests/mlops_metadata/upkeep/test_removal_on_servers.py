"""Artifacts marked as deleted, on a real PostgreSQL and a real MariaDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from removal_contract import RemovalContract
from removal_sides import Side

pytestmark = [pytest.mark.mlmd, pytest.mark.slow]  # a PostgreSQL and a MariaDB are started


@pytest.fixture(params=["postgresql_url", "database"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


class TestServers(RemovalContract):
    pass


@pytest.fixture
def side(tmp_path: Path, url: str) -> Iterator[Side]:
    side = Side(tmp_path, url)
    yield side
    side.close()


def test_runs_and_removals_beside_each_other_never_lose_what_is_used(side: Side) -> None:
    for number in range(4):
        beside = [side.begin(f"run:a{number}"), side.begin("gc"), side.begin(f"run:b{number}")]
        for each in beside:
            out, _ = each.communicate(timeout=120)
            assert each.returncode == 0
            assert "FAILED" not in out
    side.whole("gc")
    side.check()


def test_a_hit_that_is_recorded_after_the_mark_is_refused_and_the_node_runs(side: Side) -> None:
    side.whole("run:first")
    run = side.until("run:second", "driver.planned/Train")
    assert side.whole("gc").startswith("removed=[")
    assert "Train=COMPLETE" in side.go(run)
    side.check()


def test_a_removal_that_was_killed_is_finished_by_the_next(side: Side) -> None:
    side.whole("run:first")
    side.whole("gc", "kill:gc.removed:2")
    side.whole("gc")
    assert side.live() == []
    side.check()
