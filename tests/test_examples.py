"""Every example runs, and says what it is meant to say."""

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.api import Where, run
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.store import MemoryStore, State

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"

# What the nodes of an example return, with its default parameters.
RESULTS: dict[str, dict[str, Any]] = {
    "artifacts": {"Shout": "PENGUINS OF THE PALMER ARCHIPELAGO"},
    "class_executor": {"Write": "11 penguins", "Count": 8},
    "conditions": {"Measure": 0.9, "Publish": "published with 0.9"},
    "custom_driver": {"Read": "seven penguins"},
    "custom_publisher": {},
    "exit_handler": {"Work": "done", "Report": "the run ended as COMPLETE"},
    "for_each": {
        "Numbers": [0, 1, 2, 3],
        **{f"Square[{number}]": number * number for number in range(4)},
        "Total": 14,
    },
    "gate": {"Load": [0, 1, 2, 3, 4], "Check": 5, "Train": 10},
    "hello": {"Numbers": [1, 2, 3, 4], "Total": 10},
    "importer": {"CountRows": 3},
    "options": {"Flaky": 3, "first": "hello Ada", "second": "hello Grace"},
    "parameters": {
        "Greet": [f"run of parameters: hello, gentoo {name}!!" for name in ("Ada", "Grace")]
    },
    "resolver": {"Compare": "1, the best so far was 1"},
    "sub_pipeline": {
        "prepare.Load": list(range(10)),
        "prepare.Clean": [0, 2, 4, 6, 8],
        "Count": 5,
    },
}


@pytest.fixture
def where(tmp_path: Path) -> Where:
    return Where(MemoryStore(), tmp_path)


def run_example(name: str, where: Where, **parameters: Any) -> PipelineRun:
    return run(str(EXAMPLES / name), parameters, where=where, check=False, in_process=True)


def returned(result: PipelineRun) -> dict[str, Any]:
    return {
        node.name: node.artifact("output").load()
        for node in result.nodes.values()
        if "output" in node.outputs and node.state is not State.SKIPPED
    }


def test_every_example_has_its_results_here_and_a_line_in_the_list() -> None:
    folders = {path.parent.name for path in EXAMPLES.glob("*/pipeline.py")}
    listed = re.findall(r"\]\((\w+)/pipeline.py\)", (EXAMPLES / "README.md").read_text())
    assert folders == RESULTS.keys() == set(listed)


@pytest.mark.parametrize("name", sorted(RESULTS))
def test_example_gives_what_it_promises(name: str, where: Where) -> None:
    result = run_example(name, where)
    assert result.state is State.COMPLETE
    assert returned(result) == RESULTS[name]


@pytest.mark.parametrize("name", sorted(RESULTS.keys() - {"exit_handler", "options", "resolver"}))
def test_example_runs_nothing_twice(name: str, where: Where) -> None:
    run_example(name, where)
    again = run_example(name, where)
    assert {node.state for node in again.nodes.values()} <= {
        State.CACHED,
        State.SKIPPED,
        State.COMPLETE,
    }
    ran = {node.name for node in again.nodes.values() if node.state is State.COMPLETE}
    assert ran <= {"Importer"}


def test_condition_takes_the_other_branch(where: Where) -> None:
    result = run_example("conditions", where, score=0.5)
    assert returned(result) == {"Measure": 0.5, "Complain": "0.5 is not enough"}


def test_a_closed_gate_keeps_the_model_from_being_trained(where: Where) -> None:
    result = run_example("gate", where, at_least=9)
    assert result["Train"].state is State.SKIPPED
    assert result["Train"].reason == "the gate of Check is closed: 5 rows, 9 are needed"


def test_own_resolver_finds_the_best_of_earlier_runs(where: Where) -> None:
    for score in (1, 3):
        run_example("resolver", where, score=score)
    result = run_example("resolver", where, score=2)
    assert returned(result)["Compare"] == "2, the best so far was 3"


def test_own_publisher_refuses_an_empty_table(where: Where) -> None:
    result = run_example("custom_publisher", where, rows=[])
    assert result.state is State.FAILED
    assert "the table is empty" in result["MakeTable"].execution.error


def test_the_example_of_the_readme_runs(where: Where, tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text()
    block = text.split("<!-- example -->")[1].split("<!-- /example -->")[0]
    file = tmp_path / "hello.py"
    file.write_text(textwrap.dedent(block.strip("\n")))
    result = run(str(file), {"count": 5}, where=where, in_process=True)
    assert returned(result) == {"Numbers": [0, 1, 2, 3, 4], "Total": 10}
