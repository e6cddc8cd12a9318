"""What the tests of mlops_pipeline/ui share: a few real runs, records as others may write them."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from mlops_pipeline import ForEach, Input, Output, component, current_task, pipeline
from mlops_pipeline.api import Where, run
from mlops_pipeline.artifacts import Examples, Model, ModelBlessing, ModelEvaluation
from mlops_pipeline.store import ArtifactRecord, Execution, MemoryStore, Run, State
from mlops_pipeline.ui.views import Reader, read_page, split_address

HOSTILE = "<script>x</script>\"'&\u202e\x00\x1b[2J../../etc/passwd"
"""A name as an attacker gives it: HTML, quotes, a mark that turns text around, NUL, a path."""

METRICS = {
    "overall": {"example_count": 10, "auc": 0.9125},
    "slices": [{"slice": {"country": "DE"}, "metrics": {"example_count": 4, "auc": 0.75}}],
}


@component
def Gen(rows: int, examples: Output[Examples]) -> None:
    (examples.path / "Split-train").mkdir()
    (examples.path / "Split-train" / "data.csv").write_text("a,b\n" * rows)
    examples.set_splits(["train"])
    examples.properties["span"] = 3


@component
def Train(examples: Input[Examples], steps: int, model: Output[Model]) -> None:
    if steps == 13:
        raise ValueError("13 steps are <b>unlucky</b>")
    (model.path / "weights").write_text("w" * steps)
    (model.path / "report.html").write_text("<h1>fine</h1><script>document.title = 'x'</script>")


@component
def Evaluate(
    model: Input[Model],
    examples: Input[Examples],
    evaluation: Output[ModelEvaluation],
    blessing: Output[ModelBlessing],
) -> None:
    blessing.properties["blessed"] = 1
    (evaluation.path / "metrics.json").write_text(json.dumps(METRICS))
    current_task().gate("warn", "3 anomalies in <age>")


@component
def Square(number: int) -> int:
    return number * number


@pipeline
def paged(rows: int = 5, steps: int = 7, numbers: list[int] = [1, 2, 3, 4, 5, 6]) -> None:  # noqa: B006 - parameters are read, never changed
    gen = Gen(rows=rows)
    train = Train(examples=gen.outputs["examples"], steps=steps)
    Evaluate(model=train.outputs["model"], examples=gen.outputs["examples"])
    with ForEach(numbers) as number:
        Square(number=number)


def read_three_runs(folder: Path) -> Reader:
    """Run the pipeline three times: as it is, with an edit, and so that a node fails."""
    store, root = MemoryStore(), str(folder / "artifacts")
    where = Where(store=store, root=root)
    for run_id, steps in (("first", 7), ("second", 9), ("failing", 13)):
        run(paged, {"steps": steps}, run_id=run_id, where=where, check=False, in_process=True)
    return Reader(store, "memory://", roots=(root,))


def hostile_reader(folder: Path, name: str = HOSTILE) -> Reader:
    """A store in which everything that can have a name has this one."""
    store = MemoryStore()
    properties = {name: name, "list": [name], "number": float("nan")}
    started = Run(name, name, State.COMPLETE, parameters=properties, started=1.0, finished=2.0)
    store.put_run(replace(started, properties={"imported_from": name}))
    read = ArtifactRecord(type=name, uri=f"/x/{name}", name=name, properties=properties)
    _, written = store.put_execution(
        _named(name, State.FAILED),
        outputs={name: [read, replace(read, name=f"{name}2", type="Examples")]},
    )
    model = ArtifactRecord("Model", f"/y/{name}", properties=properties, digest=name)
    store.put_execution(
        replace(_named(name, State.COMPLETE), name=f"{name}1", node_id="x"),
        inputs={name: [each.id for each in written[name]]},
        outputs={name: [model]},
    )
    return Reader(store, name, roots=(str(folder),))


def _named(name: str, state: State) -> Execution:
    return Execution(
        component=name,
        pipeline=name,
        run_id=name,
        node_id=name,
        name=name,
        state=state,
        parameters={name: name},
        reason=name,
        error=name if state is State.FAILED else "",
        details=name,
        manifest=name,
        log=name,
        host=name,
        started=1.0,
        finished=float("inf"),
        properties={"gate": {"findings": [{"action": "warn", "reason": name}]}},
    )


def page(reader: Reader, address: str) -> Any:
    """Return the facts of a page."""
    return read_page(reader, *split_address(address))


class Tree(HTMLParser):
    """The elements of a page, without their texts and the values of their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]

    def handle_endtag(self, tag: str) -> None:
        self.elements.append((f"/{tag}", ()))

    def handle_data(self, data: str) -> None:
        self.text += data
