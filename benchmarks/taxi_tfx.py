"""The TFX side of taxi.py: the same steps on the same data, by TFX's LocalDagRunner.

  python benchmarks/taxi_tfx.py DATA_FOLDER WORK_FOLDER [--train-steps 300] [--window 2]

Needs the environment `tfx` of benchmarks/README.md. Takes the newest span below the data folder. A
second call on the same work folder finds all its results in TFX's cache. Prints seconds as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from eval_configs import PIPELINES, eval_config

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
TAXI = PIPELINES / "taxi"
MODULE = TAXI / "taxi_model.py"


def data_steps(tfx: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Return the nodes up to the examples that are trained on."""
    c, proto, dsl = tfx.components, tfx.proto, tfx.dsl
    splits = [proto.Input.Split(name="trips", pattern="span-{SPAN:2}/*.csv")]
    gen = c.CsvExampleGen(input_base=str(options.data), input_config=proto.Input(splits=splits))
    statistics = c.StatisticsGen(examples=gen.outputs["examples"])
    schema = c.ImportSchemaGen(schema_file=str(TAXI / "schema.pbtxt"))
    anomalies = c.ExampleValidator(
        statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"]
    )
    window = proto.RangeConfig(rolling_range=proto.RollingRange(num_spans=options.window))
    recent = dsl.Resolver(
        strategy_class=dsl.experimental.SpanRangeStrategy,
        config={"range_config": window},
        examples=dsl.Channel(
            type=tfx.types.standard_artifacts.Examples, producer_component_id="CsvExampleGen"
        ),
    ).with_id("recent_spans")
    recent.add_upstream_node(gen)
    return {
        "gen": gen,
        "statistics": statistics,
        "schema": schema,
        "anomalies": anomalies,
        "recent": recent,
    }


def model_steps(tfx: Any, options: argparse.Namespace, data: dict[str, Any]) -> list[Any]:
    """Return the nodes from there to the pushed model."""
    c, proto, dsl, artifacts = tfx.components, tfx.proto, tfx.dsl, tfx.types.standard_artifacts
    schema = data["schema"].outputs["schema"]
    transform = c.Transform(
        examples=data["recent"].outputs["examples"], schema=schema, module_file=str(MODULE)
    )
    trainer = c.Trainer(
        module_file=str(MODULE),
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema,
        train_args=proto.TrainArgs(num_steps=options.train_steps),
        eval_args=proto.EvalArgs(num_steps=10),
        custom_config={"learning_rate": 0.001, "seed": 7},
    )
    baseline = dsl.Resolver(
        strategy_class=dsl.experimental.LatestBlessedModelStrategy,
        model=dsl.Channel(type=artifacts.Model),
        model_blessing=dsl.Channel(type=artifacts.ModelBlessing),
    ).with_id("latest_blessed_model")
    evaluator = c.Evaluator(
        examples=data["gen"].outputs["examples"],
        model=trainer.outputs["model"],
        baseline_model=baseline.outputs["model"],
        eval_config=eval_config("taxi"),
    )
    folder = proto.PushDestination.Filesystem(base_directory=str(options.folder / "serving"))
    pusher = c.Pusher(
        model=trainer.outputs["model"],
        model_blessing=evaluator.outputs["blessing"],
        push_destination=proto.PushDestination(filesystem=folder),
    )
    return [transform, trainer, baseline, evaluator, pusher]


def main() -> None:
    begin = time.perf_counter()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--train-steps", type=int, default=300)
    parser.add_argument("--window", type=int, default=2)
    options = parser.parse_args()
    from tfx import v1 as tfx

    imported = time.perf_counter()
    data = data_steps(tfx, options)
    pipeline = tfx.dsl.Pipeline(
        pipeline_name="taxi",
        pipeline_root=str(options.folder / "artifacts"),
        metadata_connection_config=tfx.orchestration.metadata.sqlite_metadata_connection_config(
            str(options.folder / "metadata.db")
        ),
        components=[*data.values(), *model_steps(tfx, options, data)],
        enable_cache=True,
    )
    tfx.orchestration.LocalDagRunner().run(pipeline)
    done = time.perf_counter()
    sys.stdout.write("\n" + json.dumps({"import": imported - begin, "run": done - imported}) + "\n")


if __name__ == "__main__":
    main()
