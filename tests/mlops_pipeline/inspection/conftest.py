from __future__ import annotations

import pytest
from dataset_records import Records
from lineage_history import History


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture
def records() -> Records:
    return Records()
