"""ExampleValidator, DistributionValidator, ImportSchemaGen: what they find, what comes of it."""

from __future__ import annotations

import pytest
from validated_examples import SCHEMA, rows, statistics_of

from mlops_components import (
    ExampleValidator,
)
from mlops_pipeline.artifacts import ExampleStatistics, Schema
from mlops_pipeline.testing import artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def data() -> dict[str, ExampleStatistics]:
    return {
        "usual": statistics_of({"train": rows(400), "eval": rows(200, seed=1)}, span=4),
        "next": statistics_of({"train": rows(380, seed=2), "eval": rows(190, seed=3)}, span=5),
        "shifted": statistics_of(
            {"train": rows(400, 3.0, "aaab"), "eval": rows(90, seed=5)}, span=5
        ),
        "strange": statistics_of({"train": rows(400, kinds="abc"), "eval": rows(200)}),
        "unlabelled": statistics_of({"serving": rows(400).drop(columns="label")}),
        "served": statistics_of({"serving": rows(300, 2.0)}),
        "sliced": statistics_of({"train": rows(400)}, by="k"),
    }


@pytest.fixture(scope="module")
def schema() -> Schema:
    return artifact(Schema, {"schema.pbtxt": SCHEMA})


def test_a_severity_makes_a_gate_of_a_kind(
    data: dict[str, ExampleStatistics], schema: Schema
) -> None:
    given = {"statistics": data["strange"], "schema": schema}
    kind = "ENUM_TYPE_UNEXPECTED_STRING_VALUES"
    gate = run_component(ExampleValidator, **given, severity={kind: "skip", "*": "fail"}).gate
    assert gate is not None
    assert gate.action == "skip"
    assert gate.reasons == [
        f"split train: k: Examples contain values missing from the schema: c (~33%). ({kind})"
    ]
    general = run_component(ExampleValidator, **given, severity={"*": "fail"}).gate
    assert general is not None
    assert general.action == "fail"
    assert run_component(ExampleValidator, **given, severity={kind: "record"}).gate is None
    exempt = run_component(
        ExampleValidator, **given, severity={"*": "fail"}, exclude_splits=["train"]
    )
    assert exempt.gate is None
