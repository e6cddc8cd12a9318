"""Walks over a small history, and the texts that are drawn of them."""

from __future__ import annotations

from lineage_history import History

from mlops_pipeline.inspection import Lineage, LineageStart, lineage_drawing, upstream
from mlops_pipeline.store import ArtifactRecord, Direction, Event, Execution, State


def test_a_tree_draws_shared_branches_once(history: History) -> None:
    data = history.make("Gen", writes="Examples")
    schema = history.make("SchemaGen", reads=[data], writes="Schema")
    model = history.make("Trainer", reads=[data, schema], writes="Model")
    assert lineage_drawing.tree(upstream(history.store, LineageStart(artifacts=(model,)))) == (
        f"Model #{model}\n"
        "└─ Trainer · run r1\n"
        f"   ├─ x: Examples #{data}\n"
        "   │  └─ Gen · run r1\n"
        f"   └─ x: Schema #{schema}\n"
        "      └─ SchemaGen · run r1\n"
        f"         └─ x: Examples #{data} (see above)"
    )


def test_a_tree_folds_a_fan_out(history: History) -> None:
    parts = [history.make("Part", writes="Examples") for _ in range(48)]
    model = history.make("Trainer", reads=parts, writes="Model")
    text = lineage_drawing.tree(upstream(history.store, LineageStart(artifacts=(model,))))
    assert "… 45 more of x" in text
    assert len(text.splitlines()) < 12


def test_a_tree_may_be_deeper_than_the_stack() -> None:
    steps = range(1, 1_201)
    chain = Lineage(
        start=LineageStart(artifacts=(1_200,)),
        upstream=True,
        artifacts={i: ArtifactRecord(type="Model", uri=f"/{i}", id=i) for i in steps},
        executions={i: Execution("Trainer", "p", "r", "Trainer", State.COMPLETE, i) for i in steps},
        events=tuple(
            event
            for i in steps
            for event in (
                Event(i, i, Direction.OUTPUT, "model", 0),
                Event(i, i - 1, Direction.INPUT, "base", 0),
            )
            if event.artifact_id
        ),
    )
    assert len(lineage_drawing.tree(chain).splitlines()) == 2_400


def test_dot_escapes_names(history: History) -> None:
    data = history.make('Gen"1"', writes="Examples")
    text = lineage_drawing.dot(upstream(history.store, LineageStart(artifacts=(data,))))
    assert text.startswith("digraph lineage {")
    assert r'label="Gen\"1\"\nrun r1"' in text
    assert "-> a" in text


def test_mermaid_shows_names_without_breaking_its_syntax(history: History) -> None:
    data = history.make('Gen"1"', writes="Examples")
    text = lineage_drawing.mermaid(upstream(history.store, LineageStart(artifacts=(data,))))
    assert text.startswith("flowchart LR")
    assert "Gen#34;1#34;" in text
    assert f'-->|"y"| a{data}' in text
