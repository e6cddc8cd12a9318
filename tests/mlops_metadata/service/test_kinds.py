from __future__ import annotations

import pytest

from mlops_metadata.engine.schema import columns_of
from mlops_metadata.service.kinds import KINDS

pytestmark = pytest.mark.mlmd


def test_the_columns_of_a_kind_are_in_its_table_and_its_message() -> None:
    for kind in KINDS:
        assert set(kind.fields) == set(columns_of(kind.name))
        assert set(kind.fields) < {field.name for field in kind.new().DESCRIPTOR.fields}
        assert kind.new_type().DESCRIPTOR.name == f"{kind.name}Type"
