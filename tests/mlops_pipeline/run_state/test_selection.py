"""Runs whose nodes are started one by one, as the tasks of a scheduler do it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from remote_steps import CHAIN, begin

from mlops_pipeline.errors import CompileError, NotFoundError, ParameterError
from mlops_pipeline.run_state import BASE, Selection, selection_of
from mlops_pipeline.run_state.selection import FROM, ONLY
from mlops_pipeline.runners.kubeflow import KubeflowOptions
from mlops_pipeline.runners.kubeflow.spec import pipeline_spec


@pytest.fixture
def chain(project: Any) -> Any:
    project.write("pipeline.py", CHAIN)
    return project


def test_a_wrong_choice_begins_no_run(chain: Any) -> None:
    with pytest.raises(ParameterError, match="did you mean 'third'"):
        begin(chain, "part", Selection(only=("thrid",)))
    with pytest.raises(NotFoundError, match="no run yet"):
        begin(chain, "part", Selection(only=("third",)))
    assert chain.store.get_run("part") is None


def test_reserved_parameters_say_what_a_run_is_about(chain: Any) -> None:
    given = {FROM: ["second"], ONLY: None, BASE: "r1", "number": 3}
    assert selection_of(given) == Selection(from_nodes=("second",), base_run="r1")
    taken = replace_parameter(chain.compile(), "base_run")
    with pytest.raises(CompileError, match="parameter 'base_run', which every run"):
        pipeline_spec(taken, KubeflowOptions(image="img:1"))


def replace_parameter(ir: Any, name: str) -> Any:
    (parameter,) = ir.parameters
    return msgspec.structs.replace(ir, parameters=(msgspec.structs.replace(parameter, name=name),))
