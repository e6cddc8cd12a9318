"""What a module that was written for TFX can import where there is no TFX."""

import importlib
import importlib.util

import pytest

from mlops_components.user_modules import tfx_importable
from mlops_components.user_modules.tfx_compat import OFFERED

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tfx") is not None, reason="TFX itself is installed here"
)


def test_everything_that_is_offered_is_there() -> None:
    with tfx_importable(True):
        for name, members in OFFERED.items():
            found = importlib.import_module(name)
            assert set(members) <= set(dir(found))
            assert None not in [getattr(found, member) for member in members]
