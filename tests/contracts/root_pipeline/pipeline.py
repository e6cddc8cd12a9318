"""A pipeline that an artifact root has something to do with."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mlops_pipeline import Examples, ForEach, Importer, Input, Model, Output, component, pipeline
from mlops_pipeline.executors import current_task

STRANGE = "ä b/#1 %20 [x]*+&=.txt"


@component
def Make(examples: Output[Examples], empty: Output[Model], rows: int = 3) -> int:
    sys.stdout.write(f"making {rows} rows\n")
    (examples.path / "deep" / "er").mkdir(parents=True)
    (examples.path / "deep" / "er" / "rows").write_text("x" * rows)
    (examples.path / "none").write_bytes(b"")
    strange = examples.path / STRANGE
    strange.parent.mkdir()
    strange.write_text("strange")
    return rows


@component
def Train(
    examples: Input[Examples],
    empty: Input[Model],
    model: Output[Model],
    rate: float,
    rows: int,
    mode: str = "",
) -> None:
    assert list(empty.path.iterdir()) == []
    assert (examples.path / STRANGE).read_text() == "strange"
    assert (examples.path / "none").read_bytes() == b""
    if mode:
        _misbehave(mode, examples, model)
    text = (examples.path / "deep" / "er" / "rows").read_text()
    (model.path / "weights").write_text(f"{text}*{rate}*{rows}")


def _misbehave(mode: str, examples: Examples, model: Model) -> None:
    task = current_task()
    if mode == "fail once":
        checkpoint = task.state_dir / "steps" / "checkpoint"
        if not checkpoint.exists():
            checkpoint.parent.mkdir()
            checkpoint.write_text("half way")
            sys.stdout.write("failing, this once\n")
            (model.path / "half").write_text("half")
            raise RuntimeError("half way")
        assert checkpoint.read_text() == "half way"
    elif mode == "modes":
        modes = {p.name: p.stat().st_mode & 0o222 for p in examples.path.rglob("*") if p.is_file()}
        (model.path / "modes").write_text(repr(sorted(modes.items())))
        (model.path / "uri").write_text(f"{examples.uri} {examples.path}")
    elif mode == "alter input":
        rows = examples.path / "deep" / "er" / "rows"
        rows.chmod(0o644)
        rows.write_text("altered")
    elif mode == "link":
        (model.path / "here").symlink_to(".")
    elif mode == "name":
        (Path(os.fsdecode(os.fsencode(model.path) + b"/\xff"))).write_text("no text")
    elif mode.startswith("gate "):
        task.gate(mode.removeprefix("gate "), "it looks odd")


@component
def Join(models: list[Input[Model]], joined: Output[Model]) -> None:
    texts = [(model.path / "weights").read_text() for model in models]
    (joined.path / "all").write_text("\n".join(texts))


@pipeline
def rooted(rows: int = 3, mode: str = ""):
    make = Make(rows=rows)
    with ForEach([0.5, 0.25]) as rate:
        train = Train(
            examples=make.outputs["examples"],
            empty=make.outputs["empty"],
            rate=rate,
            rows=make.outputs["output"].value,
            mode=mode,
        )
    Join(models=train.outputs["model"])


@component
def Copy(model: Input[Model], copied: Output[Model]) -> None:
    (copied.path / "copy").write_text((model.path / "all").read_text())


@pipeline
def importing(uri: str):
    Copy(model=Importer(uri=uri, type=Model).outputs["result"])
