"""How a pipeline is found by name, and what is said when it cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlops_pipeline import ir
from mlops_pipeline.authoring import Loaded, load_pipeline
from mlops_pipeline.errors import CompileError, DefinitionError, NotFoundError, PipelineError

PIPELINE = """
from mlops_pipeline import component, pipeline

@component
def Count(start: int = 1) -> int:
    return start + 1

@pipeline
def {name}(start: int = 1) -> None:
    Count(start=start)
"""


@pytest.fixture(autouse=True)
def fresh_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Modules and paths as they were before, after each test."""
    modules, paths = set(sys.modules), list(sys.path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield
    sys.path[:] = paths
    for name in set(sys.modules) - modules:
        if not name.startswith("mlops_pipeline"):
            del sys.modules[name]


def write(path: Path, text: str = "", *, name: str = "counting") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text or PIPELINE.format(name=name))
    return path


def find(name: str | Path, project: Path) -> Loaded:
    return load_pipeline(str(name), project=project)


def names(loaded: Loaded) -> tuple[str, list[str]]:
    compiled = loaded.compile()
    return compiled.name, [node.id for node in compiled.nodes]


def test_a_folder_is_searched_for_pipeline_py(tmp_path: Path) -> None:
    write(tmp_path / "penguin" / "pipeline.py")
    loaded = find("penguin", tmp_path)
    assert names(loaded) == ("counting", ["Count"])
    assert loaded.base_dir == tmp_path / "penguin"
    assert loaded.import_paths == (str(tmp_path / "penguin"),)


def test_a_file_is_a_pipeline(tmp_path: Path) -> None:
    write(tmp_path / "flow.py")
    assert names(find("flow.py", tmp_path)) == ("counting", ["Count"])


def test_a_module_is_found_below_the_project(tmp_path: Path) -> None:
    write(tmp_path / "flows" / "daily.py")
    loaded = find("flows.daily:counting", tmp_path)
    assert names(loaded) == ("counting", ["Count"])
    assert loaded.base_dir == tmp_path


def test_compiled_ir_is_taken_as_it_is(tmp_path: Path) -> None:
    write(tmp_path / "flow.py")
    compiled = find("flow.py", tmp_path).compile()
    (tmp_path / "flow.json").write_bytes(ir.dump(compiled))
    assert find("flow.json", tmp_path).compile() == compiled


def test_two_pipelines_may_have_modules_of_one_name(tmp_path: Path) -> None:
    for name in ("one", "two"):
        text = PIPELINE.format(name=name) + "\nfrom helper import NAME"
        write(tmp_path / name / "pipeline.py", text)
        write(tmp_path / name / "helper.py", f"NAME = {name!r}")
    assert names(find("one", tmp_path))[0] == "one"
    assert names(find("two", tmp_path))[0] == "two"
    assert sys.modules["helper"].NAME == "two"


def test_a_pipeline_that_was_moved_away_is_not_taken_for_another(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pipeline.py").write_text(PIPELINE.format(name=name))
    assert load_pipeline(str(tmp_path / "first"), project=tmp_path).compile().name == "first"
    (tmp_path / "first").rename(tmp_path / "elsewhere")
    assert load_pipeline(str(tmp_path / "second"), project=tmp_path).compile().name == "second"


def test_of_several_pipelines_the_one_named_as_the_folder_is_meant(tmp_path: Path) -> None:
    text = PIPELINE.format(name="inner") + PIPELINE.format(name="outer")
    write(tmp_path / "outer" / "pipeline.py", text)
    assert names(find("outer", tmp_path))[0] == "outer"


def test_of_several_pipelines_one_has_to_be_named(tmp_path: Path) -> None:
    text = PIPELINE.format(name="one") + PIPELINE.format(name="two")
    write(tmp_path / "flow.py", text)
    with pytest.raises(NotFoundError, match="several pipelines: one, two") as caught:
        find("flow.py", tmp_path)
    assert caught.value.hint.endswith("flow.py:one")
    assert names(find("flow.py:two", tmp_path))[0] == "two"


def test_a_wrong_name_gives_the_near_miss(tmp_path: Path) -> None:
    write(tmp_path / "flow.py")
    with pytest.raises(NotFoundError, match="no pipeline 'countin'") as caught:
        find("flow.py:countin", tmp_path)
    assert caught.value.hint == "did you mean 'counting'?"


def test_a_wrong_place_gives_the_near_miss(tmp_path: Path) -> None:
    write(tmp_path / "penguin" / "pipeline.py")
    with pytest.raises(NotFoundError, match="no pipeline at 'pengin'") as caught:
        find("pengin", tmp_path)
    assert caught.value.hint == "did you mean 'penguin'?"


@pytest.mark.parametrize("name", ["nowhere", "no/where.py", "nowhere.py", "no.where:x", "a b"])
def test_what_is_not_there_is_the_users_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFoundError, match="there is no pipeline at"):
        find(name, tmp_path)


def test_a_folder_without_pipeline_py_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFoundError, match=r"has no pipeline\.py"):
        find("empty", tmp_path)


def test_a_file_without_a_pipeline_says_so(tmp_path: Path) -> None:
    write(tmp_path / "flow.py", "x = 1")
    with pytest.raises(NotFoundError, match="has no pipeline"):
        find("flow.py", tmp_path)


@pytest.mark.parametrize(
    ("name", "better"),
    [("my-flow", "my_flow"), ("my flow", "my_flow"), ("1st", "_1st"), ("class", "class_")],
)
def test_a_file_whose_name_cannot_be_imported_says_so(
    tmp_path: Path, name: str, better: str
) -> None:
    write(tmp_path / f"{name}.py")
    with pytest.raises(DefinitionError, match=rf"{name}\.py cannot be imported") as caught:
        find(f"{name}.py", tmp_path)
    assert caught.value.hint == f"rename it to {better}.py"


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("x = 1\ny = (", "was never closed", 2),
        ("x = 1\n\nraise ValueError('no')", "ValueError: no", 3),
        ("import nowhere_at_all", "no module 'nowhere_at_all'", 1),
        ("import json.nowhere", r"no module 'json\.nowhere'", 1),
    ],
)
def test_an_error_in_the_users_module_has_its_file_and_line(
    tmp_path: Path, text: str, message: str, line: int
) -> None:
    path = write(tmp_path / "flow.py", text)
    with pytest.raises(PipelineError, match=message) as caught:
        find("flow.py", tmp_path)
    assert caught.value.where == f"{path}:{line}"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("from mlops_pipeline import Modle", "Model"),
        ("import mlops_pipeline\nmlops_pipeline.componnent", "component"),
        ("from mlops_pipeline import Model\nModle()", "Model"),
        (
            "from mlops_pipeline import Model, component\n@component\ndef F(x: Modle): ...",
            "Model",
        ),
    ],
)
def test_a_misspelt_name_gives_the_near_miss(tmp_path: Path, text: str, near: str) -> None:
    write(tmp_path / "flow.py", text)
    with pytest.raises(PipelineError) as caught:
        find("flow.py", tmp_path)
    assert caught.value.hint == f"did you mean {near!r}?"


def test_a_file_that_imports_from_its_package_is_named_by_it(tmp_path: Path) -> None:
    write(tmp_path / "flows" / "__init__.py", "")
    write(tmp_path / "flows" / "helper.py", "x = 1")
    write(tmp_path / "flows" / "flow.py", "from . import helper\n" + PIPELINE.format(name="p"))
    with pytest.raises(CompileError, match="no known parent package") as caught:
        find("flows/flow.py", tmp_path)
    assert "a part of its package, flows.flow, instead of its file" in caught.value.hint
    assert names(find("flows.flow", tmp_path)) == ("p", ["Count"])


def test_an_error_in_a_helper_points_into_the_helper(tmp_path: Path) -> None:
    helper = write(tmp_path / "helper.py", "def f():\n    return {}['x']")
    write(tmp_path / "flow.py", "import helper\nhelper.f()")
    with pytest.raises(CompileError, match="KeyError: 'x'") as caught:
        find("flow.py", tmp_path)
    assert caught.value.where == f"{helper}:2"


def test_an_error_in_the_pipelines_function_has_its_line(tmp_path: Path) -> None:
    text = PIPELINE.format(name="counting").replace("    Count(start=start)", "    1 / 0")
    path = write(tmp_path / "flow.py", text)
    with pytest.raises(CompileError, match="ZeroDivisionError") as caught:
        find("flow.py", tmp_path).compile()
    assert caught.value.where == f"{path}:{text.splitlines().index('    1 / 0') + 1}"


RUNS_ITSELF = """
from mlops_pipeline import component, pipeline, run

@component
def One() -> int:
    return 1

@pipeline
def one() -> None:
    One()

{guard}
    run(one, where={where})
"""


def test_a_module_that_runs_its_pipeline_when_imported_is_refused(tmp_path: Path) -> None:
    (tmp_path / "unguarded.py").write_text(RUNS_ITSELF.format(guard="if True:", where=None))
    with pytest.raises(DefinitionError, match="unguarded runs a pipeline whenever") as caught:
        load_pipeline(str(tmp_path / "unguarded.py"), project=tmp_path)
    assert caught.value.hint == 'put the call below `if __name__ == "__main__":`'
    assert caught.value.where.endswith("unguarded.py:13")


@pytest.mark.slow  # scripts start workers
@pytest.mark.parametrize(
    ("guard", "code", "said"),
    [
        ('if __name__ == "__main__":', 0, ""),
        (
            "if True:",
            1,
            "One: cannot import script: script runs a pipeline whenever it is imported",
        ),
    ],
)
def test_a_script_runs_its_own_pipeline_in_workers(
    tmp_path: Path, guard: str, code: int, said: str
) -> None:
    where = "__import__('mlops_pipeline').Where('memory://')"
    (tmp_path / "script.py").write_text(RUNS_ITSELF.format(guard=guard, where=where))
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == code
    assert said in done.stderr


def test_a_module_that_ends_the_process_is_named(tmp_path: Path) -> None:
    (tmp_path / "ends.py").write_text("import sys\nsys.exit(4)\n")
    with pytest.raises(CompileError, match="SystemExit: 4") as caught:
        load_pipeline(str(tmp_path / "ends.py"), project=tmp_path)
    assert caught.value.where == f"{tmp_path}/ends.py:2"


def test_near_misses_go_by_the_name_without_its_ending(tmp_path: Path) -> None:
    (tmp_path / "train.py").touch()
    with pytest.raises(NotFoundError) as caught:
        load_pipeline(str(tmp_path / "trian.py"), project=tmp_path)
    assert caught.value.hint == "did you mean 'train.py'?"
    with pytest.raises(NotFoundError) as caught:
        load_pipeline(str(tmp_path / "x.py"), project=tmp_path)
    assert caught.value.hint.startswith("give a folder")


def test_pipelines_of_the_same_file_name_are_told_apart_each_time(tmp_path: Path) -> None:
    text = "from mlops_pipeline import pipeline\n\n\n@pipeline\ndef {}():\n    pass\n"
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pipeline.py").write_text(text.format(name))
    for name in ("one", "two", "one"):
        loaded = load_pipeline(str(tmp_path / name), project=tmp_path)
        assert loaded.pipeline.name == name


def test_threads_that_load_one_pipeline_get_the_same_one(tmp_path: Path) -> None:
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "pipeline.py").write_text(
            "import time\n"
            "from mlops_pipeline import component, pipeline\n"
            "time.sleep(0.001)\n"
            "@component\n"
            "def Work() -> None:\n    pass\n"
            "@pipeline\n"
            "def p():\n    Work()\n"
        )

        def load(index: int, folder: Path = folder) -> str:
            return load_pipeline(str(folder), project=folder).compile().name

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(load, range(4))) == ["p"] * 4
