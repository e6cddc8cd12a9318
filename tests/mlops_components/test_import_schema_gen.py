"""ExampleValidator, DistributionValidator, ImportSchemaGen: what they find, what comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from validated_examples import SCHEMA, Load

from mlops_components import (
    ImportSchemaGen,
)
from mlops_pipeline.artifacts import Schema
from mlops_pipeline.testing import artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def schema() -> Schema:
    return artifact(Schema, {"schema.pbtxt": SCHEMA})


def test_a_schema_is_copied_as_it_is(tmp_path: Path, load: Load) -> None:
    file = tmp_path / "mine.pbtxt"
    file.write_text("# looked over\n" + SCHEMA)
    found = run_component(ImportSchemaGen, schema_file=file).outputs["schema"]
    assert (found.path / "schema.pbtxt").read_bytes() == file.read_bytes()
    assert [feature.name for feature in load(found).feature] == ["x", "k", "label"]
