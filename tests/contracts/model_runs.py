"""Real runs of a small pipeline whose models are evaluated by slice, as by Evaluator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mlops_pipeline import Input, Output, component, latest, pipeline
from mlops_pipeline.api import Where, run
from mlops_pipeline.artifacts import Examples, Model, ModelBlessing, ModelEvaluation, ModelRun
from mlops_pipeline.store import MemoryStore
from mlops_pipeline.ui.views import Reader

CONFIG = {
    "evalConfig": {
        "metricsSpecs": [
            {
                "metrics": [
                    {
                        "className": "BinaryAccuracy",
                        "threshold": {
                            "valueThreshold": {"lowerBound": 0.5},
                            "changeThreshold": {
                                "absolute": -0.05,
                                "relative": 0.5,
                                "direction": "HIGHER_IS_BETTER",
                            },
                        },
                        "perSliceThresholds": [
                            {
                                "slicingSpecs": [{"featureKeys": ["country"]}],
                                "threshold": {"valueThreshold": {"lowerBound": 0.75}},
                            },
                            {
                                "slicingSpecs": [{"featureValues": {"country": "XX"}}],
                                "threshold": {"valueThreshold": {"lowerBound": 0.75}},
                            },
                        ],
                    },
                    {"className": "AUC", "config": '{"name": "area"}'},
                ]
            }
        ]
    }
}

PLOTS = [
    {
        "slice": {},
        "plots": {
            "calibrationHistogramBuckets": {
                "buckets": [
                    {"numWeightedExamples": 0.0},
                    *(
                        {
                            "numWeightedExamples": 10.0,
                            "totalWeightedLabel": number / 100,
                            "totalWeightedRefinedPrediction": number / 100,
                        }
                        for number in range(1000)
                    ),
                ]
            },
            "confusionMatrixAtThresholds": {
                "matrices": [
                    {
                        "threshold": number / 1000,
                        "truePositives": 1000.0 - number,
                        "falseNegatives": float(number),
                        "falsePositives": 500.0 - number / 2,
                        "trueNegatives": number / 2,
                    }
                    for number in range(1001)
                ]
            },
            "multiClassConfusionMatrixAtThresholds": {
                "matrices": [{"entries": [{"predictedClassId": 1, "numWeightedExamples": 3.0}]}]
            },
        },
    },
    {"slice": {"country": "DE"}, "plots": {"calibrationHistogramBuckets": {}}},
]


def metrics_file(german: float, count: int = 400) -> dict[str, Any]:
    """Return the metrics of an evaluation in which one country has this accuracy."""

    def row(count: int, accuracy: float) -> dict[str, float]:
        return {"example_count": count, "binary_accuracy": accuracy, "area": 0.9}

    return {
        "overall": {**row(2000, 0.875), "binary_accuracy_diff": -0.01},
        "intervals": {"area": [0.88, 0.92]},
        "slices": [
            {"slice": {"country": "DE"}, "metrics": row(count, german)},
            {"slice": {"country": "FR"}, "metrics": row(800, 0.875)},
            {"slice": {"country": "DE", "lang": "de"}, "metrics": row(count, german)},
            {"slice": {"country": "AT"}, "metrics": row(0, 1.0)},
        ],
        "validation": {"blessed": False, "reasons": ["binary_accuracy of country=DE is low"]},
    }


@component
def Gen(examples: Output[Examples]) -> None:
    (examples.path / "Split-train").mkdir()
    (examples.path / "Split-train" / "data.csv").write_text("a,b\n")
    examples.set_splits(["train"])
    examples.properties["span"] = 3
    examples.properties["num_examples"] = {"train": 1}


@component
def Shape(examples: Input[Examples], shaped: Output[Examples]) -> None:
    (shaped.path / "rows").write_text("1")


@component
def Train(
    examples: Input[Examples],
    steps: int,
    base_model: Input[Model] | None = None,
    *,
    model: Output[Model],
    model_run: Output[ModelRun],
) -> None:
    (model.path / "weights").write_text("w" * steps)
    lines = [{"step": n, "metrics": {"loss": 1 / (n + 1), "bad": "NaN"}} for n in range(1000)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (model_run.path / "metrics.jsonl").write_text(text + "{half a li")


@component
def Evaluate(
    model: Input[Model],
    examples: Input[Examples],
    german: float,
    evaluation: Output[ModelEvaluation],
    blessing: Output[ModelBlessing],
) -> None:
    blessing.properties["blessed"] = 0
    blessing.properties["current_model_id"] = model.id
    for name, document in (
        ("metrics.json", metrics_file(german)),
        ("eval_config.json", CONFIG),
        ("plots.json", PLOTS),
    ):
        (evaluation.path / name).write_text(json.dumps(document))


@pipeline
def judged(steps: int = 5, german: float = 0.8) -> None:
    gen = Gen()
    shape = Shape(examples=gen.outputs["examples"])
    train = Train(examples=shape.outputs["shaped"], steps=steps, base_model=latest(Model))
    Evaluate(model=train.outputs["model"], examples=gen.outputs["examples"], german=german)


def read_judged_runs(folder: Path) -> Reader:
    """Run the pipeline twice: the second model starts from the first, and has a worse slice."""
    store, root = MemoryStore(), str(folder / "artifacts")
    where = Where(store=store, root=root)
    for run_id, steps, german in (("one", 5, 0.8), ("two", 6, 0.5)):
        run(judged, {"steps": steps, "german": german}, run_id=run_id, where=where, in_process=True)
    return Reader(store, "memory://", roots=(root,))
