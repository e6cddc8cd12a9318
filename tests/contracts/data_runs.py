"""Real runs over spans of data whose statistics are given as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlops_pipeline import Input, Output, component, pipeline
from mlops_pipeline.api import Where, run
from mlops_pipeline.artifacts import Examples, ExampleStatistics, Model
from mlops_pipeline.store import MemoryStore
from mlops_pipeline.ui.views import Reader


@component
def Gen(span: int, examples: Output[Examples]) -> None:
    (examples.path / "Split-train").mkdir()
    (examples.path / "Split-train" / "data.csv").write_text(f"{span}\n")
    examples.set_splits(["train"])
    examples.properties["span"] = span


@component
def Describe(examples: Input[Examples], file: Path, statistics: Output[ExampleStatistics]) -> None:
    (statistics.path / "Split-train").mkdir()
    (statistics.path / "Split-train" / "FeatureStats.pb").write_bytes(file.read_bytes())
    statistics.set_splits(["train"])


@component
def Train(examples: Input[Examples], model: Output[Model]) -> None:
    (model.path / "weights").write_bytes((examples.path / "Split-train" / "data.csv").read_bytes())


@pipeline
def described(span: int, file: str) -> None:
    gen = Gen(span=span)
    Describe(examples=gen.outputs["examples"], file=file)
    Train(examples=gen.outputs["examples"])


def read_data_runs(folder: Path, statistics: Sequence[bytes]) -> Reader:
    """Run the pipeline once for each file of statistics: spans 1, 2 and so on."""
    store, root = MemoryStore(), str(folder / "artifacts")
    for span, data in enumerate(statistics, 1):
        file = folder / f"{span}.pb"
        file.write_bytes(data)
        where = Where(store=store, root=root)
        run(described, {"span": span, "file": str(file)}, where=where, in_process=True).check()
    return Reader(store, "memory://", roots=(root,))
