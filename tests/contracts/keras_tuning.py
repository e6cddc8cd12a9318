"""Transform and Tuner in a process of their own, where TFT decides about `tf.keras` first.

Reads from standard input: `examples` and `schema` as pairs of folder and properties, `modules` as
files; prints a list with the result of the Tuner for each module.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from mlops_components import EvalArgs, TrainArgs, Transform, Tuner
from mlops_pipeline.artifacts import Artifact, Examples, Schema
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.testing import run_component


def tuned(module: Path, data: dict[str, Artifact]) -> dict[str, Any]:
    """Return properties of the outputs, or the error and its hint."""
    try:
        outputs = run_component(
            Tuner,
            module_file=module,
            train_args=TrainArgs(num_steps=2),
            eval_args=EvalArgs(num_steps=1),
            tfx_compat=True,
            **data,
        ).outputs
    except ExecutorError as error:
        return {"error": str(error), "hint": error.hint}
    return {
        "completed": outputs["tuner_results"].properties["completed"],
        "values": outputs["best_hyperparameters"].properties["values"],
    }


def main() -> None:
    """Transform once, and tune with each module."""
    given = json.load(sys.stdin)
    modules = [Path(name) for name in given["modules"]]
    folder, properties = given["examples"]
    transformed = run_component(
        Transform,
        examples=Examples(folder, properties=properties),
        schema=Schema(given["schema"][0], properties=given["schema"][1]),
        module_file=modules[0],
        tfx_compat=True,
    ).outputs
    data = {
        "examples": transformed["transformed_examples"],
        "transform_graph": transformed["transform_graph"],
    }
    sys.stdout.write(json.dumps([tuned(module, data) for module in modules]) + "\n")


if __name__ == "__main__":
    main()
