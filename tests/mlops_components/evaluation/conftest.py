from typing import Any

import pytest
from evaluated_trips import TIPS, evaluate, rows

from mlops_pipeline.artifacts import Examples
from mlops_pipeline.testing import artifact


@pytest.fixture(scope="module")
def trips() -> Examples:
    import pandas as pd

    from mlops_components import write_frames

    examples = artifact(Examples)
    write_frames(examples, {"eval": pd.DataFrame(rows())})
    return examples


@pytest.fixture(scope="module")
def tips(trips: Examples) -> dict[str, Any]:
    return evaluate(trips, TIPS, engine="memory")
