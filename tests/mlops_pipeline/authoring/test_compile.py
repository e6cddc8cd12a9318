from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from mlops_pipeline import (
    Examples,
    Input,
    Output,
    check_pipeline,
    compile_pipeline,
    component,
    ir,
    pipeline,
)

GOLDEN = Path(__file__).parents[2] / "golden"
EXAMPLES = sorted(path.stem for path in GOLDEN.glob("*.py"))


class Special(Examples):
    """Examples of a kind."""

    PROPERTIES = {**Examples.PROPERTIES, "score": float}  # noqa: RUF012


@component
def Start(n: int = 1, *, examples: Output[Special]) -> None: ...


@component
def Step(
    examples: Input[Examples], rate: float = 0.1, name: str = "x", *, out: Output[Examples]
) -> None: ...


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, GOLDEN / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_compile_to_their_golden_file(name: str) -> None:
    """Set MLOPS_UPDATE_GOLDEN=1 to write the files anew; review the difference."""
    example = getattr(load(name), name)
    data = ir.dump(compile_pipeline(example))
    golden = GOLDEN / f"{name}.json"
    if os.environ.get("MLOPS_UPDATE_GOLDEN"):
        golden.write_bytes(data)
    assert data.decode() == golden.read_text()
    assert check_pipeline(example) == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_compiling_twice_gives_the_same_bytes(name: str) -> None:
    example = getattr(load(name), name)
    assert ir.dump(compile_pipeline(example)) == ir.dump(compile_pipeline(example))


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_compiled_equals_what_is_read_from_its_file(name: str) -> None:
    compiled = compile_pipeline(getattr(load(name), name))
    assert ir.load(ir.dump(compiled)) == compiled


def test_the_bytes_depend_neither_on_the_process_nor_on_the_folder(tmp_path: Path) -> None:
    (tmp_path / "everything.py").write_bytes((GOLDEN / "everything.py").read_bytes())
    code = (
        "import everything, mlops_pipeline.ir as ir; from mlops_pipeline import compile_pipeline;"
        "import sys; sys.stdout.buffer.write(ir.dump(compile_pipeline(everything.everything)))"
    )
    root = GOLDEN.parents[1]
    for seed, folder in (("1", GOLDEN), ("2", tmp_path)):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{folder}:{root}"}
        ran = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, check=True
        )
        assert ran.stdout == (GOLDEN / "everything.json").read_bytes()


def test_the_order_is_the_users_where_it_can_be() -> None:
    @pipeline
    def p() -> None:
        Start.options(id="late", after=["z"])()
        Start.options(id="z")()
        Start.options(id="a")()

    assert [node.id for node in compile_pipeline(p).nodes] == ["z", "late", "a"]


def test_artifact_types_come_with_properties_and_bases() -> None:
    @pipeline
    def p() -> None:
        Step(examples=Start().outputs.examples)

    examples, special = compile_pipeline(p).artifact_types
    assert examples.name == "Examples"
    assert examples.bases == ("Artifact",)
    assert special == ir.ArtifactTypeIR(
        "Special",
        "Dataset",
        {"span": "INT", "version": "INT", "split_names": "STRING", "score": "DOUBLE"},
        ("Examples", "Artifact"),
    )


def test_an_error_in_the_users_own_code_passes_through() -> None:
    @pipeline
    def p() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        compile_pipeline(p)


def test_500_nodes_compile_in_well_under_a_second() -> None:
    @pipeline
    def p(rate: float = 0.1) -> None:
        channel = Start().outputs["examples"]
        for number in range(499):
            step = Step.options(id=f"step-{number}")
            channel = step(examples=channel, rate=rate, name=f"{rate}").outputs["out"]

    begin = time.process_time()
    assert len(ir.dump(compile_pipeline(p))) > 100_000
    assert time.process_time() - begin < 0.8


def run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, cwd=GOLDEN.parents[1])


def test_the_package_loads_nothing_until_it_is_asked_for() -> None:
    run("import sys, mlops_pipeline; assert 'msgspec' not in sys.modules")


@pytest.mark.parametrize("first", ["mlops_pipeline", "mlops_pipeline.authoring.components"])
def test_an_export_is_not_hidden_by_the_module_of_its_name(first: str) -> None:
    run(
        f"import {first}\n"
        "from mlops_pipeline.authoring.pipelines import Pipeline\n"
        "from mlops_pipeline import component, pipeline\n"
        "assert callable(component) and callable(pipeline)\n"
        "assert 'run_info' in dir(mlops_pipeline)"
    )


def test_a_star_import_brings_every_export() -> None:
    run("from mlops_pipeline import *; assert callable(component) and ForEach and Secret")


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    import mlops_pipeline

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        mlops_pipeline.nothing  # noqa: B018
