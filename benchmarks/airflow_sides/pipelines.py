"""The pipelines that are measured: many small nodes, and a chain."""

from mlops_pipeline import Examples, Input, Output, component, pipeline


@component
def Add(left: int, right: int = 1) -> int:
    return left + right


@component
def Write(number: int, *, examples: Output[Examples]) -> None:
    examples.path.mkdir(parents=True, exist_ok=True)
    (examples.path / "number").write_text(str(number))


@component
def Read(examples: Input[Examples]) -> int:
    return int((examples.path / "number").read_text())


@pipeline
def fifty(start: int = 0, step: int = 1, rate: float = 0.1, note: str = "", dry: bool = False):
    """Ten branches of five nodes."""
    for branch in range(10):
        written = Write.options(id=f"write_{branch}", retries=2)(number=start)
        read = Read.options(id=f"read_{branch}")(examples=written.outputs.examples)
        number = read.outputs.output.value
        for each in range(3):
            added = Add.options(id=f"add_{branch}_{each}", timeout=60)(left=number, right=step)
            number = added.outputs.output.value


@pipeline
def chain(start: int = 0):
    """Eight nodes, one after the other."""
    number = start
    for each in range(8):
        number = Add.options(id=f"add_{each}")(left=number).outputs.output.value
