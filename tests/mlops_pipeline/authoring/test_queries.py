from __future__ import annotations

from typing import Any

import pytest
from authored_pipelines import Choose, Train, part

from mlops_pipeline import (
    Artifact,
    Examples,
    Model,
    compile_pipeline,
    external,
    ir,
    latest,
    latest_blessed_model,
    pipeline,
    query,
    span_range,
)
from mlops_pipeline.errors import DefinitionError


def my_resolver(query: Any) -> list[Any]:
    return []


def test_queries_are_inputs() -> None:
    @pipeline
    def p(n: int = 1) -> None:
        Train(examples=latest(Examples, pipeline="ingest"), base=latest_blessed_model())
        Choose(models=[latest(Model, count=3), query(my_resolver, Model, many=True, least=n)])

    compiled = compile_pipeline(p)
    run = "mlops_pipeline.resolvers:"
    sources = [source for node in compiled.nodes for i in node.inputs for source in i.sources]
    one, ingest = ir.Literal(1), ir.Literal("ingest")
    assert sources == [
        ir.QueryIR(f"{run}latest", {"count": one, "pipeline": ingest}, "Examples"),
        ir.QueryIR(f"{run}latest_blessed_model", {}, "Model"),
        ir.QueryIR(f"{run}latest", {"count": ir.Literal(3)}, "Model"),
        ir.QueryIR(f"{__name__}:my_resolver", {"least": ir.RunParameter("n")}, "Model"),
    ]


def test_another_pipeline_is_named_by_itself() -> None:
    @pipeline
    def p() -> None:
        Train(examples=external(part, "Make", "examples", Examples, run_id="r1"))

    source = compile_pipeline(p).node("Train").inputs[0].sources[0]
    assert isinstance(source, ir.QueryIR)
    assert source.arguments["pipeline"] == ir.Literal("part")


def test_span_queries_take_run_parameters() -> None:
    @pipeline
    def p(last: int = 3) -> None:
        Choose(models=span_range(Model, last - 2, last))

    source = compile_pipeline(p).node("Choose").inputs[0].sources[0]
    assert isinstance(source, ir.QueryIR)
    assert source.arguments["end"] == ir.RunParameter("last")


def test_wrong_queries_are_refused() -> None:
    with pytest.raises(DefinitionError, match="latest has count=0"):
        latest(Model, count=0)
    with pytest.raises(DefinitionError, match="looks for 'Model', which is no artifact type"):
        latest("Model")  # type: ignore[arg-type]
    with pytest.raises(DefinitionError, match="is a lambda"):
        query(lambda q: [], Artifact)
