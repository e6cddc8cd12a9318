from __future__ import annotations

import pytest

from mlops_metadata.artifact_types import base_of, is_known
from mlops_metadata.layout.rows import PropertyType, TypeRow
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import ArtifactType

STORED = TypeRow(1, "Scored", "DATASET", {"score": PropertyType.INT})


def test_a_type_is_known_with_all_of_its_properties_and_its_base() -> None:
    assert is_known(ArtifactType("Scored"), STORED)
    assert is_known(ArtifactType("Scored", "Dataset", {"score": "INT"}), STORED)
    assert not is_known(ArtifactType("Scored", None, {"more": "INT"}), STORED)
    assert not is_known(ArtifactType("Scored", "Model"), TypeRow(1, "Scored"))
    assert not is_known(ArtifactType("Scored"), None)


def test_what_contradicts_the_stored_type_is_named() -> None:
    with pytest.raises(StoreError, match=r"'score' of .* Scored is INT .* DOUBLE here"):
        is_known(ArtifactType("Scored", "Dataset", {"score": "DOUBLE"}), STORED)
    with pytest.raises(StoreError, match=r"base type of .* Scored is Dataset .* Model here"):
        is_known(ArtifactType("Scored", "Model"), STORED)


def test_a_base_type_that_is_none_is_refused() -> None:
    assert base_of(ArtifactType("A", "Model")) == "MODEL"
    with pytest.raises(StoreError) as caught:
        base_of(ArtifactType("A", "Datasets"))
    assert "did you mean 'Dataset'" in caught.value.hint
