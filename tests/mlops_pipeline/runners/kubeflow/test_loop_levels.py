"""A pipeline as Kubeflow gets it, and the steps that its containers do."""

from __future__ import annotations

from typing import Any

import pytest
from kubeflow_pipelines import (
    spec_of,
)

from mlops_pipeline import ir as ir_file
from mlops_pipeline.errors import CompileError


def test_a_loop_that_waits_for_its_own_result_is_refused(project: Any) -> None:
    project.write(
        "pipeline.py",
        """
        from mlops_pipeline import ForEach, component, pipeline

        @component
        def One(number: int) -> int:
            return number

        @component
        def Last(after: int = 0) -> int:
            return after

        @pipeline
        def tangled() -> None:
            with ForEach([1, 2], id="loop") as number:
                first = One.options(id="first")(number=number)
                between = Last.options(id="between", after=[])(after=1)
            outside = Last.options(id="outside", after=["first"])()
            with ForEach([1, 2], id="other") as number:
                One.options(id="second", after=[outside])(number=number)
        """,
    )
    compiled = project.compile()
    nodes = [
        ir_file.msgspec.structs.replace(n, loops=("loop",)) if n.id == "second" else n
        for n in compiled.nodes
    ]
    tangled = ir_file.msgspec.structs.replace(compiled, nodes=tuple(nodes))
    with pytest.raises(CompileError, match=r"loop loop: outside") as caught:
        spec_of(tangled)
    assert "two loops" in caught.value.hint


"""For tests that start a process for every node: not in the light suite, which is to be quick."""
