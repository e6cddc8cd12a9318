"""The TFX side of penguin.py: the same steps on the same data, by TFX's LocalDagRunner.

  python benchmarks/penguin_tfx.py DATA_FOLDER WORK_FOLDER [--train-steps 100] [--eval-steps 5]

Needs the environment `tfx` of benchmarks/README.md. A second call on the same work folder finds
all its results in TFX's cache. Prints seconds as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from eval_configs import eval_config

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
CUSTOM_CONFIG = {"learning_rate": 0.01, "seed": 7}
MODULE = Path(__file__).resolve().parents[1] / "pipelines" / "penguin" / "penguin_model.py"


def steps(tfx: Any, options: argparse.Namespace) -> list[Any]:
    """Return the nodes of the pipeline."""
    c = tfx.components
    examples = c.CsvExampleGen(input_base=str(options.data))
    statistics = c.StatisticsGen(examples=examples.outputs["examples"])
    schema = c.SchemaGen(statistics=statistics.outputs["statistics"])
    anomalies = c.ExampleValidator(
        statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"]
    )
    transform = c.Transform(
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        module_file=str(MODULE),
    )
    trainer = c.Trainer(
        module_file=str(MODULE),
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema.outputs["schema"],
        train_args=tfx.proto.TrainArgs(num_steps=options.train_steps),
        eval_args=tfx.proto.EvalArgs(num_steps=options.eval_steps),
        custom_config=CUSTOM_CONFIG,
    )
    baseline = tfx.dsl.Resolver(
        strategy_class=tfx.dsl.experimental.LatestBlessedModelStrategy,
        model=tfx.dsl.Channel(type=tfx.types.standard_artifacts.Model),
        model_blessing=tfx.dsl.Channel(type=tfx.types.standard_artifacts.ModelBlessing),
    ).with_id("latest_blessed_model")
    evaluator = c.Evaluator(
        examples=examples.outputs["examples"],
        model=trainer.outputs["model"],
        baseline_model=baseline.outputs["model"],
        eval_config=eval_config("penguin"),
    )
    pusher = c.Pusher(
        model=trainer.outputs["model"],
        model_blessing=evaluator.outputs["blessing"],
        push_destination=tfx.proto.PushDestination(
            filesystem=tfx.proto.PushDestination.Filesystem(
                base_directory=str(options.folder / "serving")
            )
        ),
    )
    return [
        examples,
        statistics,
        schema,
        anomalies,
        transform,
        trainer,
        baseline,
        evaluator,
        pusher,
    ]


def main() -> None:
    begin = time.perf_counter()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--train-steps", type=int, default=100)
    parser.add_argument("--eval-steps", type=int, default=5)
    options = parser.parse_args()
    from tfx import v1 as tfx

    imported = time.perf_counter()
    pipeline = tfx.dsl.Pipeline(
        pipeline_name="penguin",
        pipeline_root=str(options.folder / "artifacts"),
        metadata_connection_config=tfx.orchestration.metadata.sqlite_metadata_connection_config(
            str(options.folder / "metadata.db")
        ),
        components=steps(tfx, options),
        enable_cache=True,
    )
    tfx.orchestration.LocalDagRunner().run(pipeline)
    done = time.perf_counter()
    pushed = sorted((options.folder / "serving").glob("*/saved_model.pb"))
    answer = {"import": imported - begin, "run": done - imported, "pushed": len(pushed)}
    sys.stdout.write("\n" + json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
