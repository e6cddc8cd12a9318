"""The page of a lineage: steps, folding, what stands further up."""

from __future__ import annotations

import pytest
from lineage_history import History

from mlops_pipeline.store import State
from mlops_pipeline.ui.views.lineage_page import (
    MOST_ITEMS,
    MOST_STEPS,
    LineageItem,
    read_lineage_page,
)
from mlops_pipeline.ui.views.reader import Reader


@pytest.fixture
def history() -> History:
    return History()


def count(items: tuple[LineageItem, ...]) -> int:
    return sum(1 + count(item.items) for item in items)


def test_a_lineage_opens_with_one_step_each_way(history: History) -> None:
    raw = history.make("Gen", writes="Examples")
    schema = history.make("SchemaGen", reads=[raw], writes="Schema")
    model = history.make("Train", reads=[schema], writes="Model")
    history.make("Push", reads=[model], writes="PushedModel")
    found = read_lineage_page(Reader(history.store), str(schema))
    (maker,) = found.made_from
    assert (maker.title, [item.title for item in maker.items]) == ("SchemaGen", ["Examples"])
    (reading,) = found.reaches
    assert (reading.title, [item.title for item in reading.items]) == ("Train", ["Model"])
    assert (found.whole_up, found.whole_down) == (False, False)
    further = read_lineage_page(Reader(history.store), str(schema), 2, 2)
    assert further.made_from[0].items[0].items[0].title == "Gen"


def test_what_two_branches_share_is_unfolded_once(history: History) -> None:
    raw = history.make("Gen", writes="Examples")
    one = history.make("A", reads=[raw], writes="Schema")
    model = history.make("Train", reads=[raw, one], writes="Model")
    (train,) = read_lineage_page(Reader(history.store), str(model), 5).made_from
    first, second = train.items
    assert (first.again, second.items[0].items[0].again) == (False, True)


def test_many_readers_are_folded_to_a_number(history: History) -> None:
    schema = history.make("SchemaGen", writes="Schema")
    for number in range(400):
        history.make("Train", reads=[schema], writes="Model", run=f"r{number}")
    found = read_lineage_page(Reader(history.store), str(schema))
    assert [item.run for item in found.reaches] == ["r399", "r398", "r397"]
    assert found.reaches[-1].more == 397


def test_a_page_lists_so_many_items_and_no_more(history: History) -> None:
    data = history.make("Gen", writes="Examples")
    for number in range(MOST_ITEMS):
        history.make(f"N{number}", reads=[data], writes="Model")
    found = read_lineage_page(Reader(history.store), str(data), down=8)
    assert count(found.reaches) <= MOST_ITEMS
    assert found.reaches[-1].more > 0


def test_steps_have_a_limit_and_none_is_allowed(history: History) -> None:
    data = history.make("Gen", writes="Examples")
    found = read_lineage_page(Reader(history.store), str(data), 0, 10**5)
    assert (found.made_from, found.down) == ((), MOST_STEPS)


def test_a_failed_execution_is_shown_as_such(history: History) -> None:
    data = history.make("Gen", writes="Examples")
    history.add("Train", reads=[data], state=State.FAILED)
    (item,) = read_lineage_page(Reader(history.store), str(data)).reaches
    assert (item.title, item.state, item.items) == ("Train", "FAILED", ())
