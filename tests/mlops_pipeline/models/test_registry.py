from __future__ import annotations

import pytest
from registered_models import RegisteredModelsContract, with_versions

from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.models import open_model, read_time, set_alias
from mlops_pipeline.store import MemoryStore


class TestRegisteredModelsInMemory(RegisteredModelsContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()


def test_an_unknown_model_is_answered_with_the_nearest() -> None:
    store = MemoryStore()
    with pytest.raises(NotFoundError, match="mlops models register"):
        open_model(store, "fraud")
    with_versions(store, 1, "fraud")
    with pytest.raises(NotFoundError, match="did you mean 'fraud'"):
        open_model(store, "frued")


def test_an_unknown_version_or_alias_is_named() -> None:
    store = MemoryStore()
    with_versions(store, 2)
    with pytest.raises(NotFoundError, match=r"no version 7\n.*newest is 2"):
        set_alias(store, "fraud", 7)
    with pytest.raises(NotFoundError, match="no alias 'champoin'"):
        set_alias(store, "fraud", "champoin", alias="live")


@pytest.mark.parametrize("alias", ["", "v3", "3", "a b", "../x", "x" * 101, "champion\n"])
def test_an_alias_that_reads_as_something_else_is_refused(alias: str) -> None:
    store = MemoryStore()
    with_versions(store, 1)
    with pytest.raises(ParameterError, match="is no alias"):
        set_alias(store, "fraud", 1, alias=alias)


def test_an_alias_that_is_where_it_should_be_is_left_alone() -> None:
    store = MemoryStore()
    with_versions(store, 1)
    set_alias(store, "fraud", 1)
    assert set_alias(store, "fraud", "v1") is None
    assert len(open_model(store, "fraud").moves) == 1


def test_a_date_means_its_end() -> None:
    assert read_time("2026-05-03") - read_time("2026-05-03T00:00:00") == pytest.approx(86_400)
    assert read_time("2026-05-03T10:00:00Z") == 1777802400


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "9" * 30])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="is no date"):
        read_time(text)
