"""Learns what to offer: a line through the points of a CSV file, checked on rows held back."""

import csv
import json
from pathlib import Path

from mlops_components import Pusher
from mlops_pipeline import Input, Output, When, component, pipeline
from mlops_pipeline.artifacts import Examples, Model


@component
def Read(data: Path, examples: Output[Examples]) -> int:
    """Keep the rows of a file that are numbers."""
    with data.open(newline="") as file:
        rows = [(float(row["x"]), float(row["y"])) for row in csv.DictReader(file)]
    (examples.path / "rows.json").write_text(json.dumps(rows))
    return len(rows)


@component
def Fit(examples: Input[Examples], model: Output[Model]) -> None:
    """Fit a line to four of five rows by least squares."""
    rows = json.loads((examples.path / "rows.json").read_text())
    kept = [row for number, row in enumerate(rows) if number % 5]
    mean_x, mean_y = (sum(values) / len(kept) for values in zip(*kept, strict=True))
    slope = sum((x - mean_x) * (y - mean_y) for x, y in kept) / sum(
        (x - mean_x) ** 2 for x, _ in kept
    )
    folder = model.path / "Format-Serving"
    folder.mkdir(parents=True)
    line = {"slope": slope, "start": mean_y - slope * mean_x, "known_to": max(x for x, _ in kept)}
    (folder / "line.json").write_text(json.dumps(line))


@component
def Check(examples: Input[Examples], model: Input[Model], limit: float) -> bool:
    """Pass a model whose mean error on the rows held back is small."""
    rows = json.loads((examples.path / "rows.json").read_text())[::5]
    line = json.loads((model.path / "Format-Serving" / "line.json").read_text())
    errors = [abs(line["start"] + line["slope"] * x - y) for x, y in rows]
    return sum(errors) / len(errors) < limit


@pipeline
def offers(
    data: Path = Path("data.csv"), folder: str = "pushed/offers", limit: float = 0.2
) -> None:
    read = Read(data=data)
    model = Fit(examples=read.outputs["examples"]).outputs["model"]
    check = Check(examples=read.outputs["examples"], model=model, limit=limit)
    with When(check.outputs["output"].value == True):  # noqa: E712
        Pusher(model=model, push_destination=folder, model_name="offers")
