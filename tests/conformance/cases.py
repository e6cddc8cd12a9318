"""Pipelines, each for one behaviour that all runners must share."""

from __future__ import annotations

import os
import signal
import time
from enum import Enum
from pathlib import Path
from typing import Any

from mlops_pipeline import (
    ExampleAnomalies,
    Examples,
    ExitHandler,
    ForEach,
    Input,
    Model,
    Output,
    Resolver,
    When,
    component,
    latest,
    pipeline,
    run_info,
)
from mlops_pipeline.executors import current_task
from mlops_pipeline.node import Done, Plan, Request, drive, publish
from mlops_pipeline.run_state import Outcome


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@component
def Write(text: str, *, examples: Output[Examples], noise: bool = False) -> None:
    """Write a text; with `noise` the text stays the same, the work does not."""
    examples.path.mkdir(parents=True, exist_ok=True)
    (examples.path / "text").write_text(text)
    examples.properties["span"] = len(text)


@component
def Read(examples: Input[Examples], extra: Input[Model] | None = None) -> str:
    return (examples.path / "text").read_text().upper() + ("" if extra is None else "+")


@component
def Join(examples: list[Input[Examples]]) -> str:
    return " ".join((each.path / "text").read_text() for each in examples)


@component
def Train(examples: Input[Examples], *, model: Output[Model]) -> None:
    model.path.mkdir(parents=True, exist_ok=True)
    (model.path / "weights").write_text((examples.path / "text").read_text()[::-1])


@component
def Echo(value: int) -> int:
    return value


@component
def Range(count: int) -> list[int]:
    return list(range(count))


@component
def Add(left: int, right: int = 0) -> int:
    return left + right


@component
def Say(text: str) -> str:
    return text


@component
def Fail(text: str) -> None:
    raise ValueError(text)


@component
def Check(examples: Input[Examples], action: str, *, model: Output[Model]) -> None:
    (model.path / "found").write_text(action)
    current_task().gate("warn", "it is short")
    if action:
        current_task().gate(action, "it is wrong")


@component
def Validate(examples: Input[Examples], least: int, *, anomalies: Output[ExampleAnomalies]) -> None:
    found = len((examples.path / "text").read_text())
    (anomalies.path / "found").write_text(str(found))
    if found < least:
        current_task().gate("warn", f"{found} letters, not {least}")


@component
def FailFirst() -> int:
    tried = current_task().state_dir / "tried"
    if tried.exists():
        return 1
    tried.touch()
    raise OSError("not yet")


@component
def Sleep(seconds: float) -> None:
    time.sleep(seconds)


@component
def FailOnce(examples: Input[Examples]) -> int:
    """Fails in a way that a retry cannot fix, until its user has seen to it."""
    tried = current_task().state_dir / "tried"
    if tried.exists():
        return 1
    tried.touch()
    raise ValueError("fix me")


@component
def Nap(examples: Input[Examples], seconds: float) -> int:
    """Sleeps, but not if it has been interrupted."""
    tried = current_task().state_dir / "tried"
    if not tried.exists():
        tried.touch()
        time.sleep(seconds)
    return 1


@component
def ReadSpan(folder: Path, span: int, *, examples: Output[Examples]) -> None:
    from mlops_components.inputs import InputSplit, select

    found = select(folder, [InputSplit("all", "{YYYY}-{MM}-{DD}.csv")], span)
    examples.path.mkdir(parents=True, exist_ok=True)
    (examples.path / "text").write_text(found.files["all"][0].read_text())


@component
def Die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@component
def Types(
    number: int, ratio: float, text: str, flag: bool, colour: Colour, items: list[int], path: Path
) -> dict[str, Any]:
    return {
        "number": number + 1,
        "ratio": ratio / 2,
        "text": text,
        "flag": not flag,
        "colour": colour.name,
        "items": items[::-1],
        "path": path.name,
    }


def louder(request: Request) -> Plan:
    """A driver that changes a parameter."""
    return drive(request.replace_parameters(text=request.value("text") + "!"))


def signed(done: Done) -> Outcome:
    """A publisher that adds a property."""
    done.result.properties.setdefault("examples", {})["signed"] = "by hand"
    return publish(done)


@component(driver=louder, publisher=signed)
def Loud(text: str, *, examples: Output[Examples]) -> None:
    examples.path.mkdir(parents=True, exist_ok=True)
    (examples.path / "text").write_text(text)


@pipeline
def success(text: str = "abc") -> None:
    written = Write(text=text)
    Read(examples=written.outputs.examples)
    trained = Train(examples=written.outputs.examples)
    Read.options(id="both")(examples=written.outputs.examples, extra=trained.outputs.model)


@pipeline
def cutoff(noise: bool = False) -> None:
    written = Write(text="same", noise=noise)
    Read(examples=written.outputs.examples)


@pipeline
def failure() -> None:
    first = Echo.options(id="first")(value=1)
    failed = Fail.options(after=[first])(text="on purpose")
    Echo.options(id="never", after=[failed])(value=2)
    with ExitHandler():
        Say.options(id="told")(text=run_info.state)
        with ForEach(["one", "two"], id="whom") as whom:
            Say.options(id="each")(text=whom)


@pipeline
def retry() -> None:
    FailFirst.options(retries=2, retry_wait=0.2)()


@pipeline
def fixed() -> None:
    failed = FailOnce(examples=Write(text="kept").outputs.examples)
    Add(left=failed.outputs.output.value)
    with ExitHandler():
        Say.options(id="told")(text=run_info.state)


@pipeline
def interrupted() -> None:
    napped = Nap(examples=Write(text="kept").outputs.examples, seconds=240.0)
    Add(left=napped.outputs.output.value)


@pipeline
def timeout() -> None:
    Sleep.options(timeout=1.0)(seconds=120.0)


@pipeline
def killed() -> None:
    Die()


@pipeline
def skipped(least: int = 10) -> None:
    value = Echo.options(id="value")(value=3)
    with When(value.outputs.output.value > least):
        big = Write.options(id="big")(text="big")
    Read(examples=big.outputs.examples)
    Echo.options(id="other")(value=value.outputs.output.value)
    with ExitHandler():
        Say.options(id="told")(text=run_info.state)


@pipeline
def gated(action: str = "skip") -> None:
    written = Write(text="gated")
    check = Check.options(retries=2)(examples=written.outputs.examples, action=action)
    trained = Train.options(after=[check])(examples=written.outputs.examples)
    Read(examples=written.outputs.examples, extra=trained.outputs.model)
    Read.options(id="other")(examples=written.outputs.examples)
    with ExitHandler():
        Say.options(id="told")(text=run_info.state)


@pipeline
def loops(count: int = 2) -> None:
    numbers = Range(count=count)
    with ForEach(numbers.outputs.output.value, id="number") as number:
        doubled = Add.options(id="doubled")(left=number, right=number)
        with ForEach([10, 20], id="step") as step:
            Add.options(id="moved")(left=doubled.outputs.output.value, right=step)
    with ForEach([7], id="fixed") as fixed:
        Echo.options(id="fixed_one")(value=fixed)


@pipeline
def fan() -> None:
    with ForEach(["one", "two"], id="text") as text:
        written = Write(text=text)
    Join(examples=written.outputs.examples)


@pipeline
def spans(folder: Path, span: int = 0) -> None:
    ReadSpan(folder=folder, span=span)


@pipeline
def drift(text: str = "long enough") -> None:
    Validate(examples=Write(text=text).outputs.examples, least=5)


@pipeline
def nothing() -> None:
    numbers = Range(count=0)
    with ForEach(numbers.outputs.output.value, id="number") as number:
        Echo(value=number)


@pipeline
def inner(text: str) -> Any:
    written = Write(text=text)
    return written.outputs.examples


@pipeline
def nested(text: str = "inner") -> None:
    Read(examples=inner(text=text))


@pipeline
def parameters(
    number: int = 1,
    ratio: float = 0.5,
    text: str = "x",
    flag: bool = False,
    colour: Colour = Colour.RED,
    items: list[int] = [1, 2],  # noqa: B006 - a default, as users write it
    path: Path = Path("cases.py"),
) -> None:
    Types(number=number, ratio=ratio, text=text, flag=flag, colour=colour, items=items, path=path)


@pipeline
def resolvers() -> None:
    written = Write(text="resolved")
    trained = Train(examples=written.outputs.examples)
    Resolver("history", model=latest(Model, pipeline="nowhere"))
    Read.options(after=[trained])(
        examples=written.outputs.examples, extra=latest(Model, pipeline="resolvers")
    )


@pipeline
def custom(text: str = "hey") -> None:
    Read(examples=Loud(text=text).outputs.examples)
