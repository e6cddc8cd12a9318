"""The components: each is a function whose signature says what it reads and writes.

`Input` and `Output` are artifacts, files with a type and a history; all else is a parameter.
Change anything here, and the next run runs that component and what depends on it.
"""

import csv
import hashlib
import json
import shutil
from collections import defaultdict
from pathlib import Path
from statistics import fmean

from mlops_pipeline import Input, Output, component
from mlops_pipeline.artifacts import Examples, Model, ModelBlessing, ModelEvaluation, PushedModel

LABEL = "species"
SLICE = "site"
FEATURES = ("leaf_length", "leaf_width", "height")

Row = dict[str, str]


@component
def Split(table: Path, *, examples: Output[Examples], eval_share: float = 0.3) -> None:
    """Divide the rows of a table into those to train on and those to evaluate on."""
    parts: dict[str, list[Row]] = {"train": [], "eval": []}
    with table.open(newline="") as file:
        for row in csv.DictReader(file):
            # By the content of the row, so that a row never changes sides when others are added.
            digest = hashlib.sha256(repr(sorted(row.items())).encode()).digest()
            share = int.from_bytes(digest[:4], "big") / 2**32
            parts["eval" if share < eval_share else "train"].append(row)
    examples.set_splits(list(parts))
    for name, rows in parts.items():
        folder = examples.split(name)
        folder.mkdir()
        (folder / "rows.json").write_text(json.dumps(rows))


@component
def Train(examples: Input[Examples], *, model: Output[Model]) -> None:
    """Find the mean of each feature for each species."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in read(examples, "train"):
        groups[row[LABEL]].append(row)
    centres = {
        label: [fmean(float(row[feature]) for row in rows) for feature in FEATURES]
        for label, rows in sorted(groups.items())
    }
    (model.path / "centres.json").write_text(json.dumps(centres))


@component
def Evaluate(
    examples: Input[Examples],
    model: Input[Model],
    *,
    evaluation: Output[ModelEvaluation],
    blessing: Output[ModelBlessing],
    least_accuracy: float = 0.8,
) -> None:
    """Measure the model, overall and by site, and bless it if it is good enough."""
    centres = json.loads((model.path / "centres.json").read_text())
    hits: dict[str, list[bool]] = defaultdict(list)
    for row in read(examples, "eval"):
        hits[row[SLICE]].append(predict(centres, row) == row[LABEL])
    overall = metrics([hit for each in hits.values() for hit in each])
    slices = [{"slice": {SLICE: site}, "metrics": metrics(hits[site])} for site in sorted(hits)]
    # The report at the end of a run shows the metrics in this file.
    report = {"overall": overall, "slices": slices}
    (evaluation.path / "metrics.json").write_text(json.dumps(report, indent=2))
    blessed = overall["accuracy"] >= least_accuracy
    blessing.properties["blessed"] = int(blessed)
    (blessing.path / ("BLESSED" if blessed else "NOT_BLESSED")).touch()


@component
def Push(model: Input[Model], *, pushed_model: Output[PushedModel]) -> None:
    """Copy the model to where it is served from; here that is the artifact itself."""
    shutil.copytree(model.path, pushed_model.path, dirs_exist_ok=True)
    pushed_model.properties["pushed"] = 1


def read(examples: Examples, split: str) -> list[Row]:
    """Read the rows of a split."""
    rows: list[Row] = json.loads((examples.split(split) / "rows.json").read_text())
    return rows


def predict(centres: dict[str, list[float]], row: Row) -> str:
    """Return the species with the nearest centre."""
    values = [float(row[feature]) for feature in FEATURES]
    return min(
        centres,
        key=lambda label: sum((a - b) ** 2 for a, b in zip(centres[label], values, strict=True)),
    )


def metrics(hits: list[bool]) -> dict[str, float]:
    """Compute the metrics of some predictions."""
    return {"accuracy": sum(hits) / len(hits), "examples": len(hits)}
