"""The job in Kedro, on text files. It keeps no records; resuming starts from the failed node."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

os.environ["KEDRO_DISABLE_TELEMETRY"] = "1"
os.environ["DO_NOT_TRACK"] = "1"

from functools import partial, update_wrapper

from job import CHAIN, FAN, combine, executed, fail_if_asked, serve
from kedro.io import AbstractDataset, DataCatalog, MemoryDataset
from kedro.pipeline import node, pipeline
from kedro.runner import SequentialRunner

# Its progress lines cost more than its work.
logging.getLogger("kedro").setLevel(logging.WARNING)


class TextFile(AbstractDataset[str, str]):
    """A text in a file."""

    def __init__(self, filepath: str) -> None:
        self._path = Path(filepath)

    def load(self) -> str:
        """Return the text."""
        return self._path.read_text()

    def save(self, data: str) -> None:
        """Write the text."""
        self._path.write_text(data)

    def _exists(self) -> bool:
        return self._path.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._path)}


def first(seed: int) -> str:
    executed()
    return combine([], seed)


def after(salt: object, before: str) -> str:
    executed()
    return combine([before], salt)


def join(*texts: str) -> str:
    executed()
    fail_if_asked()
    return combine(list(texts), "join")


def step(salt: object, before: str, output: str) -> Any:
    """Return a node that adds its own salt."""
    return node(update_wrapper(partial(after, salt), after), before, output, name=output)


def run(folder: Path, seed: int) -> str:
    """Run once: what is missing in an old folder, everything for a new seed."""
    place = folder / str(seed)
    place.mkdir(exist_ok=True)
    names = [*CHAIN, "head", *FAN, "join"]
    files = {name: TextFile(str(place / name)) for name in names}
    catalog = DataCatalog({"seed": MemoryDataset(seed), **files})
    steps = [node(first, "seed", CHAIN[0], name=CHAIN[0])]
    steps += [step(i, CHAIN[i - 1], CHAIN[i]) for i in range(1, len(CHAIN))]
    steps += [step("head", CHAIN[-1], "head")]
    steps += [step(f"fan {i}", "head", name) for i, name in enumerate(FAN)]
    steps += [node(join, FAN, "join", name="join")]
    SequentialRunner().run(pipeline(steps), catalog, only_missing_outputs=True)
    return (place / "join").read_text()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    serve(run)
