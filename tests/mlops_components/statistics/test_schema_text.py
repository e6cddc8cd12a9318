"""ExampleValidator, DistributionValidator, ImportSchemaGen: what they find, what comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from validated_examples import SCHEMA

from mlops_components import (
    ImportSchemaGen,
)
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (SCHEMA.replace("type: FLOAT", "typ: FLOAT"), r'schema.pbtxt:6: .*no field named "typ"'),
        (SCHEMA.replace("type: INT", "type: INTEGER"), r"schema.pbtxt:18: .*INTEGER"),
        (SCHEMA.rstrip().removesuffix("}"), r"schema.pbtxt:\d+: .*\}"),
        ("", "schema.pbtxt has no feature"),
        ('feature { name: "a" } feature { name: "a" }', "2 features named 'a'"),
        ("\udcff", "schema.pbtxt is not UTF-8"),
    ],
    ids=["field", "value", "bracket", "empty", "twice", "binary"],
)
def test_a_malformed_schema_is_named_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "schema.pbtxt"
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ExecutorError, match=problem):
        run_component(ImportSchemaGen, schema_file=file)
