"""What the tests of mlops_pipeline/runners/kubeflow share."""

from __future__ import annotations

from typing import Any

import pytest

from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.runners.kubeflow import KubeflowOptions
from mlops_pipeline.runners.kubeflow.spec import pipeline_spec

PIPELINE = """
    from mlops_pipeline import (
        ExitHandler, ForEach, Resources, Secret, When, component, pipeline, run_info
    )

    @component
    def Count(rows: int, names: list[str]) -> list[int]:
        return list(range(rows)) if names else []

    @component
    def Square(number: int) -> int:
        if number == 3:
            raise ValueError("three is too many")
        return number * number

    @component
    def Total(numbers: list[int]) -> int:
        return sum(numbers)

    @component
    def Tell(text: str) -> None:
        print(text)

    @component
    def Push(token: Secret) -> None:
        assert token == "sesame"

    @pipeline
    def squares(rows: int = 2, names: list[str] = ["a"], note: str | None = None) -> None:
        count = Count(rows=rows, names=names)
        with ForEach(count.outputs.output.value, id="numbers") as number:
            Square.options(retries=2, retry_wait=3)(number=number)
        with When(rows > 100):
            Tell.options(id="many", after=[count])(text="many")
        Push.options(timeout=30, resources=Resources(cpu=2, memory="1Gi"))(token=Secret("TOKEN"))
        with ExitHandler():
            Tell.options(id="told")(text=run_info.state)
"""


def spec_of(ir: PipelineIR, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    documents = pipeline_spec(ir, KubeflowOptions(image="img:1", **options))
    return documents[0], documents[1]


def tasks_of(spec: dict[str, Any], component: str) -> dict[str, Any]:
    found: dict[str, Any] = spec["components"][component]["dag"]["tasks"]
    return found


def executor_of(spec: dict[str, Any], node: str) -> str:
    component = spec["components"][tasks_of(spec, "comp-nodes")[node]["componentRef"]["name"]]
    label: str = component["executorLabel"]
    return label


def pods_of(platform: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    return found


each_node_a_process = pytest.mark.mlmd
