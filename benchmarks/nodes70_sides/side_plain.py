"""The job as plain functions: the floor. Nothing is recorded, cached or resumed."""

from __future__ import annotations

from pathlib import Path

from job import CHAIN, FAN, combine, executed, fail_if_asked, serve


def node(folder: Path, name: str, inputs: list[str], salt: object) -> None:
    """Read the inputs, write one text."""
    executed()
    if name == "join":
        fail_if_asked()
    texts = [(folder / read).read_text() for read in inputs]
    (folder / name).write_text(combine(texts, salt))


def run(folder: Path, seed: int) -> str:
    """Run all nodes, one after the other."""
    node(folder, CHAIN[0], [], seed)
    for i in range(1, len(CHAIN)):
        node(folder, CHAIN[i], [CHAIN[i - 1]], i)
    node(folder, "head", [CHAIN[-1]], "head")
    for i, name in enumerate(FAN):
        node(folder, name, ["head"], f"fan {i}")
    node(folder, "join", FAN, "join")
    return (folder / "join").read_text()


if __name__ == "__main__":
    serve(run)
