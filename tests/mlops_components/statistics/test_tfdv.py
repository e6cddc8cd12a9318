"""ExampleValidator, DistributionValidator, ImportSchemaGen: what they find, what comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_components import (
    ImportSchemaGen,
)
from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def test_a_schema_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"schema_file .* does not exist"):
        run_component(ImportSchemaGen, schema_file=tmp_path / "schema.pbtxt")
    with pytest.raises(NotFoundError, match="is a folder"):
        run_component(ImportSchemaGen, schema_file=tmp_path)
