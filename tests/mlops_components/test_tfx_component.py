import importlib.util

import pytest

from mlops_components import from_tfx
from mlops_pipeline.errors import DefinitionError


@pytest.mark.skipif(importlib.util.find_spec("tfx") is not None, reason="TFX is installed here")
def test_without_tfx_the_error_says_what_to_use() -> None:
    with pytest.raises(DefinitionError) as caught:
        from_tfx("StatisticsGen")
    assert "TFX is not installed" in caught.value.message
    assert "the component of mlops_components" in caught.value.hint
    assert "test_tfx_component.py:" in caught.value.where
