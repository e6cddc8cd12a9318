"""Nodes that mode "in_process" refuses when a DAG file is read."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from mlops_pipeline.errors import CompileError
from mlops_pipeline.ir import (
    BeamExecutor,
    ClassExecutor,
    ContainerExecutor,
    ExecutorIR,
    FunctionExecutor,
    NodeIR,
)
from mlops_pipeline.runners.airflow import ExecutionConfig
from mlops_pipeline.runners.airflow.other_environment import refuse_other_environment

LIGHT = """
    from typing import TYPE_CHECKING

    import click

    if TYPE_CHECKING:
        import only_for_types
    try:
        import fast_json
    except ImportError:
        fast_json = None


    def Light(gpu: bool) -> None:
        import json
        try:
            from fast_numbers import add
        except (ModuleNotFoundError, OSError):
            add = None
        if gpu:
            import drivers_of_gpus


    def neighbour() -> None:
        import neighbours_package
"""


def node(executor: ExecutorIR) -> NodeIR:
    return NodeIR("Train", "Train", executor)


def refuse(project: Path, executor: ExecutorIR, **given: object) -> None:
    config = ExecutionConfig(mode="in_process", base_dir=str(project), **given)  # type: ignore[arg-type]
    refuse_other_environment(node(executor), config, "/elsewhere/ir.json")


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(line[4:] for line in text.splitlines()))


def test_imports_that_may_be_missing_are_no_reason(tmp_path: Path) -> None:
    write(tmp_path / "steps.py", LIGHT)
    refuse(tmp_path, FunctionExecutor("steps:Light"))


def test_a_package_that_is_not_beside_airflow_is_named_with_the_node(tmp_path: Path) -> None:
    write(
        tmp_path / "steps.py",
        """
    def Train() -> None:
        load()


    def load() -> None:
        from heavy_library.keras import fit


    class Score:
        def execute(self, task):
            import scoring_library
    """,
    )
    with pytest.raises(CompileError, match="Train imports heavy_library, which is not installed"):
        refuse(tmp_path, FunctionExecutor("steps:Train"))
    with pytest.raises(CompileError, match="imports scoring_library") as caught:
        refuse(tmp_path, ClassExecutor("steps:Score"))
    assert 'NodeConfig("Train"' in (caught.value.hint or "")


def test_modules_that_a_component_loads_are_looked_through(tmp_path: Path) -> None:
    write(tmp_path / "steps" / "__init__.py", "    from .train import Train\n")
    write(
        tmp_path / "steps" / "train.py",
        """
    from . import models
    def Train() -> None:
        models.fit()
    """,
    )
    write(tmp_path / "steps" / "models.py", "    import heavy_library.keras\n")
    with pytest.raises(CompileError, match="heavy_library"):
        refuse(tmp_path, FunctionExecutor("steps.train:Train"))


def test_modules_are_found_where_the_project_and_the_environment_say(tmp_path: Path) -> None:
    project = tmp_path / "project"
    write(project / "steps.py", "    import ours\n    import theirs\n    def Train(): pass\n")
    write(project / "mlops.toml", '    import_paths = ["lib"]\n')
    write(project / "lib" / "ours.py", "    WORD = 1\n")
    write(tmp_path / "path" / "theirs.py", "    WORD = 1\n")
    with pytest.raises(CompileError, match="imports theirs,"):
        refuse(project, FunctionExecutor("steps:Train"))
    given = {"PYTHONPATH": str(tmp_path / "path")}
    refuse(project, FunctionExecutor("steps:Train"), environment=given)


@pytest.mark.parametrize("text", ["def Train(:\n", "\0", "import heavy\n"])
def test_what_cannot_be_read_here_is_left_to_the_task(tmp_path: Path, text: str) -> None:
    (tmp_path / "steps.py").write_text(text)
    refuse(tmp_path, FunctionExecutor("elsewhere.steps:Train"))
    if "heavy" not in text:
        refuse(tmp_path, FunctionExecutor("steps:Train"))


def test_images_and_beam_are_other_environments(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match="Train runs in the image registry/train:1"):
        refuse(tmp_path, ContainerExecutor("registry/train:1", ("train",)))
    if find_spec("apache_beam") is None:
        with pytest.raises(CompileError, match="Train imports apache_beam"):
            refuse(tmp_path, BeamExecutor("steps:Train"))
    else:
        refuse(tmp_path, BeamExecutor("steps:Train"))


def test_the_driver_and_the_publisher_of_a_node_count(tmp_path: Path) -> None:
    write(
        tmp_path / "steps.py",
        "    def Train(): pass\n    def drive(request):\n        import heavy\n",
    )
    wanting = NodeIR("Train", "Train", FunctionExecutor("steps:Train"), driver="steps:drive")
    config = ExecutionConfig(mode="in_process", base_dir=str(tmp_path))
    with pytest.raises(CompileError, match="Train imports heavy"):
        refuse_other_environment(wanting, config, "/elsewhere/ir.json")
