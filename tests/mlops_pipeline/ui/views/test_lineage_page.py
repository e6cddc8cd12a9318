"""The page of a lineage: steps, folding, what stands further up."""

from __future__ import annotations

from itertools import pairwise

import pytest
from lineage_history import History

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.store import State
from mlops_pipeline.ui.views.graphs import MOST_BOXES, GraphNode
from mlops_pipeline.ui.views.lineage_page import (
    MOST_ITEMS,
    MOST_STEPS,
    LineageItem,
    LineagePage,
    LineagePart,
    read_lineage_page,
    read_opened,
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
    further = read_lineage_page(Reader(history.store), str(schema), LineagePart(2, 2))
    assert further.made_from[0].items[0].items[0].title == "Gen"


def test_what_two_branches_share_is_unfolded_once(history: History) -> None:
    raw = history.make("Gen", writes="Examples")
    one = history.make("A", reads=[raw], writes="Schema")
    model = history.make("Train", reads=[raw, one], writes="Model")
    (train,) = read_lineage_page(Reader(history.store), str(model), LineagePart(5)).made_from
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
    found = read_lineage_page(Reader(history.store), str(data), LineagePart(down=8))
    assert count(found.reaches) <= MOST_ITEMS
    assert found.reaches[-1].more > 0


def test_steps_have_a_limit_and_none_is_allowed(history: History) -> None:
    data = history.make("Gen", writes="Examples")
    found = read_lineage_page(Reader(history.store), str(data), LineagePart(0, 10**5))
    assert (found.made_from, found.down) == ((), MOST_STEPS)


def test_a_failed_execution_is_shown_as_such(history: History) -> None:
    data = history.make("Gen", writes="Examples")
    history.add("Train", reads=[data], state=State.FAILED)
    (item,) = read_lineage_page(Reader(history.store), str(data)).reaches
    assert (item.title, item.state, item.items) == ("Train", "FAILED", ())


def boxes(found: LineagePage) -> dict[str, GraphNode]:
    return {box.label: box for box in found.graph.nodes}


def test_the_graph_has_the_boxes_of_the_lists(history: History) -> None:
    raw = history.make("Gen", writes="Examples")
    model = history.make("Train", reads=[raw], writes="Model")
    pushed = history.make("Push", reads=[model], writes="PushedModel")
    found = read_lineage_page(Reader(history.store), str(model))
    chain = [f"Examples #{raw}", "Train", f"Model #{model}", "Push", f"PushedModel #{pushed}"]
    assert set(boxes(found)) == set(chain)
    ids = [boxes(found)[label].id for label in chain]
    assert {(edge.start, edge.end) for edge in found.graph.edges} == set(pairwise(ids))
    assert boxes(found)[f"Model #{model}"].chosen


def test_an_artifact_is_unfolded_by_one_step_and_folded_again(history: History) -> None:
    raw = history.make("Gen", writes="Examples")
    schema = history.make("SchemaGen", reads=[raw], writes="Schema")
    model = history.make("Train", reads=[schema, raw], writes="Model")
    reader = Reader(history.store)
    found = read_lineage_page(reader, str(model))
    assert "SchemaGen" not in boxes(found)
    (step,) = boxes(found)[f"Schema #{schema}"].steps
    assert step.href == f"lineage?id={model}&open=u{schema}"
    unfolded = read_lineage_page(reader, str(model), LineagePart(opened=(f"u{schema}",)))
    assert "SchemaGen" in boxes(unfolded)
    (back,) = boxes(unfolded)[f"Schema #{schema}"].steps
    assert (back.label, back.href) == ("fold", f"lineage?id={model}")


def test_a_hub_says_how_many_read_it_and_many_alike_are_one_box(history: History) -> None:
    schema = history.make("SchemaGen", writes="Schema")
    models = [history.make("Train", reads=[schema], writes="Model") for _ in range(400)]
    above = read_lineage_page(Reader(history.store), str(models[0]))
    assert boxes(above)[f"Schema #{schema}"].note == "read by 400"
    below = read_lineage_page(Reader(history.store), str(schema))
    assert "Train \u00d7 397 more" in boxes(below)
    assert below.more_href == f"lineage?id={schema}&alike=50"
    more = read_lineage_page(Reader(history.store), str(schema), LineagePart(alike=50))
    assert "Train \u00d7 350 more" in boxes(more)


def test_a_path_leads_from_what_was_made_first_whichever_end_is_asked_for(
    history: History,
) -> None:
    raw = history.make("Gen", writes="Examples")
    schema = history.make("SchemaGen", reads=[raw], writes="Schema")
    model = history.make("Train", reads=[schema], writes="Model")
    other = history.make("Else", writes="Model")
    reader = Reader(history.store)
    for of, to in ((raw, model), (model, raw)):
        found = read_lineage_page(reader, str(of), LineagePart(to=str(to)))
        titles = [item.title for item in found.path]
        assert titles == ["Examples", "SchemaGen", "Schema", "Train", "Model"]
        assert {"SchemaGen", f"Schema #{schema}"} <= set(boxes(found))
    assert read_lineage_page(reader, str(other), LineagePart(to=str(raw))).path == ()


@pytest.mark.parametrize("text", ["x1", "u", "u1.d", "u-1", "u\u0661", "u" + "9" * 30, "u1." * 50])
def test_what_an_address_unfolds_is_refused_if_it_is_no_list_of_artifacts(text: str) -> None:
    if text == "u1." * 50:
        text = ".".join(f"u{i}" for i in range(50))
    with pytest.raises(ParameterError):
        read_opened(text)


def test_unfolding_what_is_not_there_shows_the_lineage_as_it_is(history: History) -> None:
    model = history.make("Train", writes="Model")
    found = read_lineage_page(Reader(history.store), str(model), LineagePart(opened=("u99", "d98")))
    assert [item.title for item in found.made_from] == ["Train"]


def test_a_large_lineage_is_drawn_in_part_and_says_so(history: History) -> None:
    data = history.make("Gen", writes="Examples")
    for number in range(MOST_ITEMS):
        history.make(f"N{number}", reads=[data], writes="Model")
    found = read_lineage_page(Reader(history.store), str(data), LineagePart(down=8))
    assert len(found.graph.nodes) == MOST_BOXES
    assert found.graph.left_out > 0
