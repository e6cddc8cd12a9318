"""A pipeline that is killed in the middle."""

import os
import signal
from pathlib import Path

from mlops_pipeline import Examples, Input, Model, Output, component, pipeline
from mlops_pipeline.executors import current_task


@component
def Make(examples: Output[Examples]) -> None:
    (examples.path / "rows").write_text("1 2 3")


@component
def Train(examples: Input[Examples], model: Output[Model], kill: str = "", gate: str = "") -> int:
    (model.path / "half").write_text("half a model")
    if kill and Path(kill).exists():
        Path(kill).unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    (model.path / "model").write_text((examples.path / "rows").read_text())
    if gate:
        current_task().gate(gate, "it looks odd")
    return 3


@component
def Push(model: Input[Model], pushed: Output[Model], size: int) -> None:
    (pushed.path / "model").write_text((model.path / "model").read_text() * size)


@pipeline
def crashing(kill: str = "", gate: str = ""):
    make = Make()
    train = Train(examples=make.outputs["examples"], kill=kill, gate=gate)
    Push(model=train.outputs["model"], size=train.outputs["output"].value)
