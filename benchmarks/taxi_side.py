"""One process of the taxi benchmarks: makes the examples, or runs the stages on one engine.

  prepare CSV FOLDER [--rows N]      examples of the trips, resampled to N rows
  run ENGINE FOLDER [--stages ...]   one line of JSON: seconds and peak MB by stage
  compare FOLDER ENGINE ENGINE       what differs between the results of two engines

A stage is a function that takes a `Side` and leaves what others need in `side.made`; it is
registered in `STAGES`, in order. What is to be compared is written below `side.results`.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import math
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_components import CsvExampleGen, Evaluator, ExampleValidator, SchemaGen, StatisticsGen
from mlops_components.records import SplitWriter, files_of_split, records_of_files
from mlops_pipeline.artifacts import Artifact, Examples
from mlops_pipeline.testing import run_component

SPLITS = ("train", "eval")
BEAM_ARGS = ["--runner=FnApiRunner"]
"""Runner that DirectRunner uses for a batch in the end; it first tries to download Prism."""

PLACES = 1e-9
"""Sums that are added in another order differ by less, as a share of their value."""


@dataclass
class Side:
    """One engine at work.

    Args:
        engine: `memory` or `beam`.
        examples: the trips.
        results: folder for what is compared.
        made: outputs of the stages before, by name.
    """

    engine: str
    examples: Examples
    results: Path
    made: dict[str, Artifact] = field(default_factory=dict)

    @property
    def how(self) -> dict[str, Any]:
        """The parameters of a component that has engines."""
        arguments = {"beam_pipeline_args": BEAM_ARGS} if self.engine == "beam" else {}
        return {"engine": self.engine, **arguments}


def statistics(side: Side) -> None:
    """Compute statistics of every feature of both splits."""
    made = run_component(StatisticsGen, examples=side.examples, **side.how)
    side.made["statistics"] = found = made.outputs["statistics"]
    for split in SPLITS:
        keep(side, found.path / f"Split-{split}" / "FeatureStats.pb", f"statistics-{split}.pb")


def schema(side: Side) -> None:
    """Infer the schema that both splits fit."""
    made = run_component(SchemaGen, statistics=side.made["statistics"])
    side.made["schema"] = made.outputs["schema"]
    keep(side, side.made["schema"].path / "schema.pbtxt", "schema.pbtxt")


def validation(side: Side) -> None:
    """Validate both splits against the schema."""
    inputs = {name: side.made[name] for name in ("statistics", "schema")}
    found = run_component(ExampleValidator, **inputs).outputs["anomalies"]
    for split in SPLITS:
        keep(side, found.path / f"Split-{split}" / "SchemaDiff.pb", f"anomalies-{split}.pb")


EVAL_CONFIG: dict[str, Any] = {
    "model_specs": [{"label_key": "big_tip", "prediction_key": "predicted"}],
    "slicing_specs": [
        {},
        {"feature_keys": ["payment_type"]},
        {"feature_keys": ["trip_start_hour"]},
    ],
    "metrics_specs": [
        {
            "metrics": [
                {"class_name": "ExampleCount"},
                {
                    "class_name": "AUC",
                    "threshold": {"value_threshold": {"lower_bound": 0.5}},
                    "per_slice_thresholds": [
                        {
                            "slicing_specs": [{"feature_keys": ["trip_start_hour"]}],
                            "threshold": {"value_threshold": {"lower_bound": 0.8}},
                        }
                    ],
                },
                {"class_name": "BinaryAccuracy"},
                {"class_name": "Calibration"},
            ]
        }
    ],
}


def evaluation(side: Side) -> None:
    """Evaluate AUC, accuracy and calibration by payment type and hour, with thresholds."""
    how = {"eval_config": EVAL_CONFIG, "example_splits": list(SPLITS), **side.how}
    found = run_component(Evaluator, examples=side.examples, **how).outputs["evaluation"]
    keep(side, found.path / "metrics.json", "evaluation.json")


STAGES: dict[str, Callable[[Side], None]] = {
    "statistics": statistics,
    "schema": schema,
    "validation": validation,
    "evaluation": evaluation,
}


def keep(side: Side, file: Path, name: str) -> None:
    """Put a file among the results that are compared."""
    shutil.copy(file, side.results / name)


def with_predictions(trips: Path, target: Path) -> None:
    """Add a label to the trips, and the predictions of a poor model."""
    chance = random.Random(0)
    with trips.open(newline="") as source, target.open("w", newline="") as file:
        reader = csv.DictReader(source)
        writer = csv.DictWriter(file, [*(reader.fieldnames or ()), "big_tip", "predicted"])
        writer.writeheader()
        for row in reader:
            tip = float(row["tips"] or 0) > 0.2 * float(row["fare"] or 0)
            score = (1.0 if row["payment_type"] == "Credit Card" else -3.0) + chance.gauss(0, 1)
            said = 1 / (1 + math.exp(-score))
            writer.writerow({**row, "big_tip": float(tip), "predicted": f"{said:.6f}"})


def prepare(trips: Path, folder: Path, rows: int) -> None:
    """Write examples of all trips, or of `rows` trips drawn from them."""
    file = folder / "trips.csv"
    with_predictions(trips, file)
    made = run_component(CsvExampleGen, input_base=file).outputs["examples"]
    assert isinstance(made, Examples)
    place = folder / "examples"
    if not rows:
        shutil.copytree(made.path, place)
        return
    chance = random.Random(0)
    drawn = Examples(str(place))
    with SplitWriter(drawn, list(SPLITS)) as writer:
        for split, share in zip(SPLITS, (2 / 3, 1 / 3), strict=True):
            known = [r for chunk in records_of_files(files_of_split(made, split)) for r in chunk]
            left = round(rows * share)
            while left:
                count = min(left, 8192)
                writer.write_all(split, chance.choices(known, k=count))
                left -= count


def run(engine: str, folder: Path, stages: list[str]) -> dict[str, Any]:
    """Run the stages; seconds and peak MB of each."""
    examples = Examples(str(folder / "examples"))
    examples.set_splits(list(SPLITS))
    results = folder / engine
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir()
    warm_up(engine)
    side = Side(engine, examples, results)
    answer: dict[str, Any] = {"start MB": peak_mb()}
    total = time.perf_counter()
    for name in stages:
        reset_peak()
        begin, used = time.perf_counter(), time.process_time()
        STAGES[name](side)
        answer[f"{name} s"] = time.perf_counter() - begin
        answer[f"{name} CPU s"] = time.process_time() - used
        answer[f"{name} MB"] = peak_mb()
    answer["total s"] = time.perf_counter() - total
    answer["total CPU s"] = sum(value for key, value in answer.items() if key.endswith("CPU s"))
    return answer


def warm_up(engine: str) -> None:
    """Import what the stages need: that takes the same time on either side."""
    import tensorflow_model_analysis  # noqa: F401

    from mlops_components.evaluation import _tfma  # noqa: F401
    from mlops_components.statistics import _compute  # noqa: F401

    if engine == "beam":
        import apache_beam as beam

        with beam.Pipeline(runner="FnApiRunner") as pipeline:
            _ = pipeline | beam.Create([1])


def reset_peak() -> None:
    """Let the kernel count the peak from here on."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> float:
    """Return the most memory of this process since the last reset, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return math.nan


def compare(folder: Path, one: str, other: str) -> list[str]:
    """List the differences between the results of two engines."""
    names = sorted({path.name for side in (one, other) for path in (folder / side).iterdir()})
    return [line for name in names for line in compare_file(folder / one, folder / other, name)]


def compare_file(one: Path, other: Path, name: str) -> Iterator[str]:
    """Yield the differences in one file."""
    if not ((one / name).is_file() and (other / name).is_file()):
        yield f"{name} is missing on one side"
    elif name.endswith(".json"):
        pair = [json.loads((side / name).read_text()) for side in (one, other)]
        yield from differ(name, *pair)
    elif name.startswith("statistics"):
        from google.protobuf import json_format
        from tensorflow_metadata.proto.v0 import statistics_pb2

        kind = statistics_pb2.DatasetFeatureStatisticsList
        texts = (kind.FromString((side / name).read_bytes()) for side in (one, other))
        yield from differ(name, *(json_format.MessageToDict(text) for text in texts))
    elif (one / name).read_bytes() != (other / name).read_bytes():
        yield f"{name} differs"


def differ(path: str, one: Any, other: Any) -> Iterator[str]:
    """Yield the paths at which two JSON values differ by more than rounding."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys(), key=str):
            yield from differ(f"{path}.{key}", one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from differ(f"{path}[{index}]", *pair)
    elif one != other and not is_near(one, other):
        yield f"{path}: {one!r} and {other!r}"


def is_near(one: Any, other: Any) -> bool:
    """Return True if two numbers are the same but for rounding."""
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return numbers and math.isclose(one, other, rel_tol=PLACES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("prepare")
    one.add_argument("csv", type=Path)
    one.add_argument("folder", type=Path)
    one.add_argument("--rows", type=int, default=0)
    two = commands.add_parser("run")
    two.add_argument("engine", choices=("memory", "beam"))
    two.add_argument("folder", type=Path)
    two.add_argument("--stages", default=",".join(STAGES))
    three = commands.add_parser("compare")
    three.add_argument("folder", type=Path)
    three.add_argument("sides", nargs=2)
    commands.add_parser("stages")
    options = parser.parse_args()
    answer: dict[str, Any] = {}
    if options.command == "prepare":
        prepare(options.csv, options.folder, options.rows)
    elif options.command == "run":
        answer = run(options.engine, options.folder, options.stages.split(","))
    elif options.command == "compare":
        answer = {"differences": compare(options.folder, *options.sides)}
    else:
        answer = {"stages": list(STAGES)}
    sys.stdout.write("\n" + json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
