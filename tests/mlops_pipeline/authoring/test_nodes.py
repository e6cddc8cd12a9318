from __future__ import annotations

from pathlib import Path

from authored_pipelines import Choose, Make, Notify, Take, Train, _refused

from mlops_pipeline import (
    Examples,
    Importer,
    Model,
    Resolver,
    Schema,
    compile_pipeline,
    external,
    ir,
    latest_blessed_model,
    pipeline,
    rolling_window,
)


def test_order_is_made_explicit_by_node_or_id() -> None:
    @pipeline
    def inner() -> None:
        Make.options(after=["Notify"])()
        Notify(text="x")

    @pipeline
    def p() -> None:
        first = Notify(text="x")
        Take.options(after=[first, "inner.Make"])()
        inner()

    compiled = compile_pipeline(p)
    assert [node.id for node in compiled.nodes] == ["Notify", "inner.Notify", "inner.Make", "Take"]
    assert compiled.node("inner.Make").after == ("inner.Notify",)
    assert compiled.node("Take").after == ("Notify", "inner.Make")


def test_importers_bring_artifacts_in() -> None:
    @pipeline
    def p(place: str = "s3://b/m") -> None:
        schema = Importer("schema", Schema, id="local", properties={"by": "hand"}, reimport=True)
        assert list(schema.outputs) == ["result"]
        Importer(f"{place}/1", Model, id="remote")
        Importer(Path("/abs/m"), Model)

    compiled = compile_pipeline(p)
    local = compiled.node("local")
    assert local.executor == ir.ImporterExecutor(ir.LocalPath("schema"), reimport=True)
    assert local.outputs == (ir.OutputIR("result", "Schema", properties={"by": "hand"}),)
    remote = ir.Concat((ir.RunParameter("place"), ir.Literal("/1")))
    assert compiled.node("remote").executor == ir.ImporterExecutor(remote)
    assert compiled.node("Importer").executor == ir.ImporterExecutor(ir.LocalPath("/abs/m"))


def test_a_resolver_node_hands_queries_on() -> None:
    @pipeline
    def p() -> None:
        found = Resolver("past", models=rolling_window(Model, 2), base=latest_blessed_model(Model))
        Choose(models=found.outputs.models)
        Train(examples=external("ingest", "Make", "examples", Examples), base=found.outputs["base"])

    past = compile_pipeline(p).node("past")
    assert past.executor == ir.ResolverExecutor()
    assert [(i.name, i.optional, i.many) for i in past.inputs] == [
        ("models", True, True),
        ("base", True, True),
    ]
    assert [(o.name, o.type) for o in past.outputs] == [("models", "Model"), ("base", "Model")]


def test_wrong_importers_and_resolvers_are_refused() -> None:
    def properties() -> None:
        Importer("x", Schema, properties={"a": object()})  # type: ignore[dict-item]

    def no_query() -> None:
        Resolver("r", model=3)  # type: ignore[arg-type]

    assert "cannot be kept" in str(_refused(properties))
    assert "which is no query" in str(_refused(no_query))
