"""What the tests of mlops_pipeline share."""

from __future__ import annotations

from typing import Any

from mlops_pipeline.inspection import PipelineRun, read_run

STEPS = """
    from pathlib import Path

    from mlops_pipeline import (
        Artifact, ExitHandler, ForEach, Input, Output, Secret, When, component, latest, pipeline,
        run_info,
    )
    from mlops_pipeline.artifacts import Examples, Model, ExampleAnomalies
    from mlops_pipeline.executors.context import current_task


    @component
    def Make(examples: Output[Examples], rows: int = 3) -> None:
        (examples.path / "rows").write_text("x" * rows)


    @component
    def Check(
        examples: Input[Examples],
        *,
        anomalies: Output[ExampleAnomalies],
        action: str = "",
        at_least: int = 5,
    ) -> None:
        rows = len((examples.path / "rows").read_text())
        (anomalies.path / "found").write_text(f"{rows} rows")
        if rows < at_least and action:
            current_task().gate(action, f"only {rows} rows")


    @component
    def Leak(examples: Output[Examples], key: str = Secret("GATE_SECRET")) -> None:
        current_task().gate("warn", f"the key {key} is old")


    @component
    def Judge(limit: Path, examples: Output[Examples]) -> None:
        number = int(limit.read_text())
        if number > 5:
            current_task().gate("fail", f"{number} is too much")


    @component
    def Train(examples: Input[Examples], *, model: Output[Model]) -> None:
        (model.path / "model").write_text("trained")


    @component
    def Push(model: Input[Model] | None = None, *, pushed: Output[Model]) -> None:
        (pushed.path / "model").write_text("pushed")


    @component
    def Read(anomalies: Input[ExampleAnomalies] | None = None, state: str = "") -> str:
        return f"{state}: {(anomalies.path / 'found').read_text()}" if anomalies else "nothing"


    @component
    def Collect(models: list[Input[Model]]) -> int:
        return len(models)
"""


CHAIN = """
    @pipeline
    def p(action: str = "", rows: int = 3, at_least: int = 5):
        make = Make(rows=rows)
        check = Check.options(retries=2)(
            examples=make.outputs["examples"], action=action, at_least=at_least
        )
        train = Train.options(after=[check])(examples=make.outputs["examples"])
        Push(model=train.outputs["model"])
        Read(anomalies=check.outputs["anomalies"])
        Make.options(id="Other", after=[make])(rows=99)
        with ExitHandler():
            Read.options(id="Tell")(anomalies=check.outputs["anomalies"], state=run_info.state)
"""


def read(project: Any, run_id: str = "") -> PipelineRun:
    return read_run(project.store, run_id or f"r{project.runs}")
