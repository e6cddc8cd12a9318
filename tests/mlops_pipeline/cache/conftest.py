from __future__ import annotations

from typing import Any

import pytest
from cached_project import CLEANING, PIPELINE, RULES


@pytest.fixture
def truth(project: Any) -> Any:
    project.write("pipeline.py", PIPELINE)
    project.write("cleaning.py", CLEANING)
    project.write("rules.py", RULES)
    project.write("data/a.txt", "one two\nthree\n")
    assert set(project.states().values()) == {"COMPLETE"}
    return project
