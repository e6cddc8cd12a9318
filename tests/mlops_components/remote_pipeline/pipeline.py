"""The standard components on an artifact root that is not on this machine."""

from __future__ import annotations

from pathlib import Path

from mlops_components import (
    BulkInferrer,
    CsvExampleGen,
    EvalArgs,
    Evaluator,
    ExampleValidator,
    InfraValidator,
    Pusher,
    RequestSpec,
    SchemaGen,
    StatisticsGen,
    TrainArgs,
    Trainer,
    Transform,
)
from mlops_pipeline import (
    Beam,
    BeamPipeline,
    Examples,
    Input,
    Model,
    Output,
    component,
    latest_blessed_model,
    pipeline,
)

PENGUIN = Path(__file__).parents[3] / "pipelines" / "penguin"
MODEL_CODE = PENGUIN / "penguin_model.py"


@component(executor=Beam())
def Count(pipeline: BeamPipeline, examples: Input[Examples], counted: Output[Model]) -> None:
    """Count the records of the splits in a Beam pipeline."""
    import apache_beam as beam

    records = pipeline | beam.io.ReadFromTFRecord(f"{examples.path}/Split-*/*.gz")
    number = records | beam.combiners.Count.Globally() | beam.Map(str)
    _ = number | beam.io.WriteToText(f"{counted.path}/count", shard_name_template="")


@pipeline
def remote(serving: str, data: str = str(PENGUIN / "data"), steps: int = 20):
    examples = CsvExampleGen(input_base=data, missing_values=["NA"]).outputs["examples"]
    Count(examples=examples)
    statistics = StatisticsGen(examples=examples, engine="beam").outputs["statistics"]
    schema = SchemaGen(statistics=statistics).outputs["schema"]
    ExampleValidator(statistics=statistics, schema=schema)
    transform = Transform(examples=examples, schema=schema, module_file=MODEL_CODE)
    model = Trainer(
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema,
        module_file=MODEL_CODE,
        train_args=TrainArgs(num_steps=steps),
        eval_args=EvalArgs(num_steps=1),
        custom_config={"learning_rate": 0.01, "seed": 7},
    ).outputs["model"]
    infra = InfraValidator(
        model=model, examples=examples, request_spec=RequestSpec(num_examples=2)
    ).outputs["blessing"]
    blessing = Evaluator(
        examples=examples,
        model=model,
        baseline_model=latest_blessed_model(other_than=model),
        schema=schema,
        eval_config={
            "model_specs": [
                {
                    "signature_name": "serving_default",
                    "label_key": "species_xf",
                    "preprocessing_function_names": ["transform_features"],
                }
            ],
            "slicing_specs": [{}],
            "metrics_specs": [{"metrics": [{"class_name": "ExampleCount"}]}],
        },
    ).outputs["blessing"]
    BulkInferrer(examples=[examples], model=model, model_blessing=blessing)
    Pusher(model=model, infra_blessing=infra, push_destination=serving)
