from __future__ import annotations

import pytest
from compared_runs import Story


@pytest.fixture
def story() -> Story:
    return Story()
