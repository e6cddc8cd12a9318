"""ExampleDiff: differences that were put in are found, by both engines."""

from typing import Any

import pytest
from paired_examples import ROWS, diff, written

from mlops_components import (
    PairedExampleSkew,
)
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import NotFoundError, ParameterError, PipelineError

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return written(tmp_path_factory.mktemp("base"), lambda number: {}, range(ROWS))


@pytest.fixture(scope="module")
def test(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    def change(number: int) -> dict[str, Any]:
        if number % 10 == 0:
            return {"kind": "c"}
        return {"size": number + 0.25, "new": "x"} if number % 10 == 1 else {}

    return written(tmp_path_factory.mktemp("test"), change, range(ROWS + 5))


@pytest.mark.parametrize(
    ("skew", "parameters", "error", "message"),
    [
        (PairedExampleSkew([]), {}, ParameterError, "names no identifier_features"),
        (PairedExampleSkew(["key"]), {}, ParameterError, "has the identifier_features key"),
        (
            PairedExampleSkew(["id"]),
            {"include_split_pairs": [("train", "evil")]},
            NotFoundError,
            "no split 'evil'",
        ),
    ],
)
def test_mistakes_are_named(
    test: Examples,
    base: Examples,
    skew: PairedExampleSkew,
    parameters: dict[str, Any],
    error: type[PipelineError],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        diff(test, base, skew, **parameters)
