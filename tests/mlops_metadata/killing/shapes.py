"""Pipelines that are killed: a chain, a fan, a loop and a retry, and what each has to come to."""

from pathlib import Path

from mlops_pipeline import (
    Examples,
    ForEach,
    Input,
    Integer,
    Output,
    component,
    current_task,
    pipeline,
)

STEPS, WIDTH = 4, 6


def write(folder: Path, number: int) -> None:
    """Write a number, and files beside it."""
    (folder / "number").write_text(str(number))
    (folder / "inner").mkdir()
    for each in range(3):
        (folder / "inner" / f"copy{each}").write_text(f"{number} " * 100)


def read(folder: Path) -> int:
    """Read the number, if all that was written beside it is there."""
    number = (folder / "number").read_text()
    for each in range(3):
        assert (folder / "inner" / f"copy{each}").read_text() == f"{number} " * 100
    return int(number)


@component
def Start(numbers: Output[Examples], seed: int) -> None:
    write(numbers.path, seed)


@component
def Step(before: Input[Examples], after: Output[Examples], index: int) -> int:
    number = read(before.path) * 3 + index
    write(after.path, number)
    return number


@component
def Flaky(before: Input[Examples], after: Output[Examples]) -> int:
    mark = current_task().state_dir / "tried"
    if not mark.exists():
        (after.path / "half").write_text("half a result")
        mark.touch()
        raise OSError("the first attempt fails")
    number = read(before.path) * 3 + 7
    write(after.path, number)
    return number


@component
def Numbers(seed: int) -> list[int]:
    return list(range(seed % 3 + 2))


@component
def Turn(number: int, made: Output[Examples]) -> int:
    write(made.path, number * 3)
    return number * 3


@component
def Sum(values: list[Input[Integer]]) -> int:
    return sum(value.read() for value in values)


@component
def Answer(before: Input[Examples]) -> int:
    return read(before.path)


@pipeline
def chain(seed: int = 1) -> None:
    made = Start(seed=seed).outputs["numbers"]
    for index in range(STEPS):
        made = Step.options(id=f"step{index}")(before=made, index=index).outputs["after"]
    Answer.options(id="result")(before=made)


@pipeline
def fan(seed: int = 1) -> None:
    made = Start(seed=seed).outputs["numbers"]
    steps = [Step.options(id=f"step{i}")(before=made, index=i) for i in range(WIDTH)]
    Sum.options(id="result")(values=[step.outputs["output"] for step in steps])


@pipeline
def loop(seed: int = 1) -> None:
    numbers = Numbers(seed=seed)
    with ForEach(numbers.outputs["output"].value, id="number") as number:
        turn = Turn(number=number)
    Sum.options(id="result")(values=turn.outputs["output"])


@pipeline
def retry(seed: int = 1) -> None:
    made = Start(seed=seed).outputs["numbers"]
    flaky = Flaky.options(retries=3, retry_wait=0.01)(before=made)
    Answer.options(id="result")(before=flaky.outputs["after"])


SHAPES = {"chain": chain, "fan": fan, "loop": loop, "retry": retry}

OUTPUTS = {"Start": 1, "Step": 2, "Flaky": 2, "Numbers": 1, "Turn": 2, "Sum": 1, "Answer": 1}
"""How many outputs each component has."""


def answer(shape: str, seed: int) -> int:
    """Compute what the node `result` has to find."""
    if shape == "fan":
        return sum(seed * 3 + index for index in range(WIDTH))
    if shape == "loop":
        return sum(number * 3 for number in range(seed % 3 + 2))
    if shape == "retry":
        return seed * 3 + 7
    for index in range(STEPS):
        seed = seed * 3 + index
    return seed


def executions(shape: str, seed: int) -> dict[str, int]:
    """Count the results that a run has of each node in the end."""
    steps = {"chain": STEPS, "fan": WIDTH}.get(shape, 0)
    found = {f"step{index}": 1 for index in range(steps)}
    others = {
        "chain": ["Start"],
        "fan": ["Start"],
        "loop": ["Numbers"],
        "retry": ["Start", "Flaky"],
    }
    found.update(dict.fromkeys([*others[shape], "result"], 1))
    if shape == "loop":
        found["Turn"] = seed % 3 + 2
    return found
