"""Pseudonyms: the same in a month, others in the next, nobody's once the month is erased."""

from __future__ import annotations

import datetime
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlops_pipeline.errors import ParameterError, SettingsError
from mlops_pipeline.request_log import PeriodKeys

MAY = datetime.datetime(2026, 5, 20, tzinfo=datetime.timezone.utc).timestamp()
JUNE = MAY + 20 * 86_400


def test_a_key_has_one_pseudonym_in_a_month_and_another_in_the_next(tmp_path: Path) -> None:
    keys = PeriodKeys(tmp_path)
    first = keys.pseudonym("ann", MAY)
    assert len(first) == 32
    assert keys.pseudonym("ann", MAY + 60) == PeriodKeys(tmp_path).pseudonym("ann", MAY) == first
    assert keys.pseudonym("bob", MAY) != first != keys.pseudonym("ann", JUNE)
    assert keys.pseudonym("", MAY) == ""
    assert keys.pseudonym("half a \ud83d", MAY)


def test_only_the_owner_may_read_the_secrets(tmp_path: Path) -> None:
    PeriodKeys(tmp_path).pseudonym("ann", MAY)
    (path,) = (tmp_path / "keys").iterdir()
    assert path.name == "2026-05.key"
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_servers_that_begin_a_month_at_once_have_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: PeriodKeys(tmp_path).pseudonym("ann", MAY), range(32)))
    assert len(found) == 1
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["2026-05.key"]


def test_an_erased_month_has_no_pseudonyms_any_more(tmp_path: Path) -> None:
    keys, other = PeriodKeys(tmp_path), PeriodKeys(tmp_path)
    assert other.pseudonym("ann", MAY)
    assert keys.erase("2026-05")
    assert keys.pseudonym("ann", MAY) == other.pseudonym("ann", MAY) == ""
    assert keys.periods() == []
    assert not keys.erase("2026-05")
    with pytest.raises(ParameterError, match="no month"):
        keys.erase("../2026-05")


def test_who_only_looks_makes_no_secret(tmp_path: Path) -> None:
    assert PeriodKeys(tmp_path).known_pseudonym("ann", MAY) == ""
    assert not (tmp_path / "keys").exists()
    made = PeriodKeys(tmp_path).pseudonym("ann", MAY)
    assert PeriodKeys(tmp_path).known_pseudonym("ann", MAY) == made


def test_a_damaged_secret_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "2026-05.key").write_bytes(b"short")
    with pytest.raises(SettingsError, match="5 bytes"):
        PeriodKeys(tmp_path).pseudonym("ann", MAY)
