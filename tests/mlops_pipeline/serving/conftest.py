"""A model of a few lines that does on request what models do wrong."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

TOY = """
import os, sys, time
from pathlib import Path

LEAK = []

def make(folder):
    text = (Path(folder) / "factor.txt").read_text()
    if text == "broken":
        raise ValueError("no number in factor.txt")
    if text == "slow":
        time.sleep(3)
        text = "5"
    factor = float(text)
    print("a toy is loaded", file=sys.stderr, flush=True)

    def predict(inputs):
        values = inputs["x"]
        values = values if isinstance(values, list) else values.tolist()
        if -1.0 in values:
            os._exit(7)
        if -2.0 in values:
            time.sleep(600)
        if -3.0 in values:
            raise ValueError("three is not liked")
        if -4.0 in values:
            return [float("nan")] * len(values)
        if -5.0 in values:
            return [1.0]
        if -6.0 in values:
            LEAK.append(bytearray(b"x") * (200 * 2**20))
        if -7.0 in values:
            time.sleep(0.3)
        if -8.0 in values:
            os.kill(os.getpid(), 9)
        if -9.0 in values:
            return object()
        return [factor * value for value in values]

    if (Path(folder) / "warm.txt").exists():
        predict.warmup = [{"x": [1.0]}, {"x": [2.0]}]
    return predict

def make_mixer(folder):
    def predict(inputs):
        values = list(inputs["x"])
        return [sum(values)] * len(values)

    predict.warmup = [{"x": [1.0]}, {"x": [2.0]}]
    return predict

def make_nothing(folder):
    return 3
"""

Push = Callable[..., Path]


@pytest.fixture
def toys(tmp_path: Path) -> Path:
    """The folder of the module `toy_models`."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "toy_models.py").write_text(textwrap.dedent(TOY))
    return folder


@pytest.fixture
def push(tmp_path: Path) -> Push:
    """Puts a version into a folder of versions, at once and complete."""

    def pushed(number: int, factor: str = "2", name: str = "toy") -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        copy = folder / f".{number}.tmp"
        copy.mkdir()
        (copy / "factor.txt").write_text(factor)
        copy.rename(folder / str(number))
        return folder

    return pushed
