"""Transform: what was analyzed is not analyzed again; statistics before and after; mistakes."""

from pathlib import Path
from typing import Any

import pytest
from transformed_examples import ANALYSIS, MODULE, span, transformed, written

from mlops_components import SplitsConfig
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError, PipelineError

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def spans() -> list[Examples]:
    return [span(number) for number in range(3)]


@pytest.fixture(scope="module")
def module_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("user") / "preprocess.py"
    path.write_text(MODULE)
    return path


@pytest.fixture(scope="module")
def first_two(spans: list[Examples], module_file: Path) -> Any:
    return transformed(spans[:2], module_file=module_file, **ANALYSIS)


def test_mistakes_in_the_parameters_are_named(
    spans: list[Examples], module_file: Path, first_two: Any
) -> None:
    other = written({"train": [(1.0, "a")]})
    empty = written({"train": [], "eval": []})
    mistakes: list[tuple[type[PipelineError], str, Any, dict[str, Any]]] = [
        (ExecutorError, "Split-train holds no examples", empty, {}),
        (
            ExecutorError,
            "Split-eval holds no examples",
            written({"train": [(1.0, "a")], "eval": []}),
            {},
        ),
        (ParameterError, "has the splits train, but", [spans[0], other], {}),
        (NotFoundError, "no split 'trai'", spans[0], {"splits_config": SplitsConfig(["trai"])}),
        (ParameterError, "analyze is empty", spans[0], {"splits_config": SplitsConfig([])}),
        (ParameterError, "both module_file and", spans[0], {"stats_options_updater_fn": "a:b"}),
        (
            ParameterError,
            "disable_analyzer_cache",
            spans[0],
            {
                "analyzer_cache": first_two["updated_analyzer_cache"],
                "disable_analyzer_cache": True,
            },
        ),
    ]
    for kind, message, examples, more in mistakes:
        with pytest.raises(kind, match=message):
            transformed(examples, module_file=module_file, **more)
