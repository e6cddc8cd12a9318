"""A pipeline that uses every feature of authoring; its IR is kept in `everything.json`."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from mlops_pipeline import (
    Beam,
    BeamPipeline,
    Cache,
    Channel,
    Container,
    Examples,
    ExampleStatistics,
    ExitHandler,
    ForEach,
    Importer,
    Input,
    JsonValue,
    Model,
    ModelBlessing,
    Output,
    PushedModel,
    Resolver,
    Resources,
    Schema,
    Secret,
    Unkeyed,
    When,
    component,
    external,
    latest_blessed_model,
    pipeline,
    query,
    rolling_window,
    run_info,
    span_range,
)


class Precision(enum.Enum):
    SINGLE = "single"
    DOUBLE = "double"


@dataclass
class Layer:
    units: int
    activation: str = "relu"


@dataclass
class Network:
    layers: list[Layer] = field(default_factory=list)
    dropout: float = 0.0


class Scores(NamedTuple):
    accuracy: float
    candidates: list[dict[str, float]]


@component
def Ingest(
    source: Path, span: int, *, examples: Output[Examples], splits: dict[str, int] | None = None
) -> None:
    """Read a span of data."""


@component(executor=Beam(pipeline_args=["--direct_num_workers=1"]), base_type="Transform")
def Describe(
    examples: list[Input[Examples]],
    pipeline: BeamPipeline,
    *,
    statistics: Output[ExampleStatistics],
    workers: Unkeyed[int] = 1,
) -> None:
    """Describe every feature."""


class TrainExecutor:
    """Trains."""

    def execute(self, task: object) -> Scores:
        raise NotImplementedError


@component(executor=TrainExecutor, base_type="Train", execution_type="example.Trainer")
def Train(
    examples: Input[Examples],
    schema: Input[Schema],
    baseline: Input[Model] | None = None,
    *,
    model: Output[Model],
    learning_rate: float = 0.1,
    network: Network = Network(),  # noqa: B008 - a default, as users write it
    precision: Precision = Precision.SINGLE,
    optimizer: Literal["adam", "sgd"] = "adam",
    tags: list[str] | None = None,
) -> Scores:
    """Train a model."""


@component(
    executor=Container(
        image="evaluator:1",
        command=["evaluate", "--model={{inputs.model.path}}", "--out={{outputs.blessing.uri}}"],
        environment={"THRESHOLD": "{{parameters.threshold}}"},
    )
)
def Evaluate(
    model: Input[Model], *, blessing: Output[ModelBlessing], threshold: float = 0.5
) -> None:
    """Judge a model."""


@component(driver="my_project.drivers:always", publisher="my_project.publishers:quietly")
def Push(model: Input[Model], *, pushed: Output[PushedModel], token: Secret, to: str) -> None:
    """Push a model."""


@component
def Choose(models: list[Input[Model]], history: list[Input[Model]], *, best: Output[Model]) -> None:
    """Choose the best of all."""


@component
def Plan(budget: int) -> list[dict[str, float]]:
    """What to try."""
    raise NotImplementedError


@component
def Notify(text: str, scores: Input[JsonValue] | None = None) -> None:
    """Tell somebody."""


@pipeline
def prepare(recent: Input[Examples], sample: float = 0.1) -> Channel:
    described = Describe(examples=[recent])
    with When(described.outputs.statistics.property("span") >= 1):
        Describe.options(id="again")(examples=[recent])
    Notify(text=f"described {sample}")
    return described.outputs["statistics"]


@pipeline(name="everything", labels={"team": "examples"})
def everything(
    data: Path = Path("data/raw"),
    span: int = 1,
    rates: list[float] = [0.1, 0.01],  # noqa: B006 - a default, as users write it
    push_to: str = "models",
    push: bool = False,
    network: Network | None = None,
) -> None:
    """Uses every feature.

    Args:
        data: folder with the raw data.
        span: which span to read.
    """
    schema = Importer("data/schema", Schema, id="schema", properties={"source": "hand-made"})
    ingest = Ingest.options(
        retries=2, retry_wait=0.5, timeout=60, cache=Cache(max_age=3600, salt="1")
    )(source=data / f"span-{span}", span=span, splits={"train": 2, "eval": 1})
    prepare(recent=ingest.outputs["examples"])
    prepare.options(id="prepare_all")(recent=ingest.outputs["examples"], sample=0.5)
    window = Resolver(
        "history",
        recent=rolling_window(Examples, 3, at_least=1),
        fixed=span_range(Examples, 1, span, missing_ok=True),
    )
    Describe.options(id="describe_history", labels={"kind": "report"}, cache=False)(
        examples=window.outputs.recent, workers=4
    )
    plan = Plan(budget=span * 2 + 1)
    with ForEach(rates, id="rates") as rate:
        trained = Train.options(resources=Resources(cpu=2, memory="4Gi", accelerator="gpu"))(
            examples=ingest.outputs.examples,
            schema=schema.outputs["result"],
            baseline=latest_blessed_model(Model),
            learning_rate=rate,
            network=Network(layers=[Layer(units=8)]),
            tags=[f"rate-{rate}", "run", push_to],
        )
        with ForEach([{"name": "low", "at": 0.5}, {"name": "high", "at": 0.9}]) as level:
            Evaluate(model=trained.outputs.model, threshold=level["at"])
    with ForEach(plan.outputs.output.value, id="candidates") as candidate:
        Train.options(id="train_candidate", after=[trained, "Plan"])(
            examples=external("ingest", "Ingest", "examples", Examples),
            schema=schema.outputs["result"],
            learning_rate=candidate.rate,
            precision=Precision.DOUBLE,
            network=network,
        )
    best = Choose(
        models=trained.outputs["model"],
        history=query("my_project.resolvers:good", Model, many=True, least=0.9),
    )
    with When(push & (run_info.pipeline != "test")), When(push_to.is_in(["models", "canary"])):
        Push(
            model=best.outputs.best, token=Secret("PUSH_TOKEN"), to=f"s3://{push_to}/{run_info.id}"
        )
    with ExitHandler():
        with When(run_info.state == "FAILED"):
            Notify.options(id="alarm")(text=f"{run_info.id} has failed")
        Notify(text=run_info.state, scores=plan.outputs.output)
