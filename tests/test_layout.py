"""The layout of the code: rooms with one door, no circles, and tests that mirror the modules."""

import ast
import functools
import importlib
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from source_trees import statements, tree_of

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "mlops_pipeline": ROOT / "mlops_pipeline",
    "mlops_components": ROOT / "components" / "mlops_components",
    "mlops_metadata": ROOT / "metadata" / "mlops_metadata",
}
MODULES_OF_A_ROOM = 15
MODULES_OF_COMPONENT = 22
# A folder with one module for each command, and the catalogue of components.
FLAT = {"mlops_pipeline.cli", "mlops_components"}
# Given to users by path: none of our code imports them.
NO_MODULES = "template"

# What needs an environment of its own is tested with the other tests of that environment.
ELSEWHERE = {
    "mlops_components._tfx_executor": "tests/tfx/test_from_tfx.py",
    "mlops_components._tfx_spec": "tests/tfx/test_from_tfx.py",
    "mlops_components.stacks._protobuf": "tests/stacks/test_stacks.py",
    "mlops_components.stacks._tfdv": "tests/stacks/test_stacks.py",
    "mlops_components.stacks._tfx_bsl": "tests/stacks/test_stacks.py",
    "mlops_pipeline.runners.airflow.dag": "tests/conformance/test_airflow_dags.py",
    "mlops_pipeline.runners.airflow.step_pod": "tests/conformance/test_airflow_dags.py",
    "mlops_pipeline.runners.kubeflow.client": "tests/conformance/test_kubeflow_client.py",
    "mlops_pipeline.runners.kubeflow.deploy": "tests/conformance/test_kubeflow_client.py",
}

# Tested through others so far; a name goes from this list when its test file comes.
UNTESTED = {
    "mlops_components.stacks._custom_validation",
}


class Used(NamedTuple):
    """An import: the file it stands in, the module it names, and the name it takes."""

    by: str
    module: str
    name: str


@functools.cache
def modules() -> dict[str, Path]:
    """The files of the packages by module name."""
    found = {}
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            if NO_MODULES not in parts:
                found[".".join([package, *parts]).removesuffix(".__init__")] = path
    return found


@functools.cache
def imports(path: Path, by: str) -> tuple[Used, ...]:
    found = []
    for node in statements(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [Used(by, node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [Used(by, alias.name, "") for alias in node.names]
    return tuple(found)


@functools.cache
def rooms() -> set[str]:
    """The folders below the packages."""
    return {n for n, path in modules().items() if path.name == "__init__.py"} - set(PACKAGES)


def room_of(module: str) -> str:
    """The folder that a module is in; empty for one that is in none."""
    folder = module.rpartition(".")[0]
    return folder if folder in rooms() else ""


@functools.cache
def handed_out(room: str) -> list[str]:
    """The names in `__all__` of a room's door."""
    for node in ast.parse(modules()[room].read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def named(used: Used) -> str:
    """The module that an import leads to."""
    whole = f"{used.module}.{used.name}"
    return whole if whole in modules() else used.module


def past_the_door(used: Used) -> bool:
    """Return True for an import from the inside of a room that its door does not hand out."""
    module = named(used)
    room = room_of(module)
    if not room or module in rooms() or f"{used.by}.".startswith(f"{room}."):
        return False
    return module.rpartition(".")[2] not in handed_out(room)


def test_nothing_outside_imports_past_a_door() -> None:
    folders = ("benchmarks", "dags", "docker", "examples", "pipelines")
    files = [(path, name) for name, path in modules().items()]
    files += [(path, path.stem) for folder in folders for path in (ROOT / folder).rglob("*.py")]
    used = [each for path, by in files for each in imports(path, by)]
    assert len(used) > 1000
    assert sorted({each for each in used if past_the_door(each)}) == []


@pytest.mark.parametrize("room", sorted(rooms()))
def test_a_door_says_what_the_room_is_for_and_is_not_in_its_own_way(room: str) -> None:
    text = modules()[room].read_text()
    assert ast.get_docstring(ast.parse(text))
    names = handed_out(room)
    imported = {used.name for used in imports(modules()[room], room) if used.module in modules()}
    own = {n for n in names if f"{room}.{n}" in modules()}
    if names:
        assert set(names) - own == imported & set(names)
    # A module and a name of it that are one word get in each other's way.
    assert own & imported == set()


@pytest.mark.parametrize("room", sorted(r for r in rooms() if r.startswith("mlops_pipeline.")))
def test_a_door_hands_out_what_it_names(room: str) -> None:
    if room == "mlops_pipeline.runners.airflow":
        pytest.skip("needs Airflow; its own tests import it")
    door = importlib.import_module(room)
    own = {n for n in handed_out(room) if f"{room}.{n}" in modules()}
    assert [name for name in handed_out(room) if name not in own and not hasattr(door, name)] == []


def test_no_circle_of_files() -> None:
    waits: dict[str, set[str]] = {}
    for name, path in modules().items():
        if name == "mlops_pipeline":
            # Its face names what authors use, and loads it when it is used.
            continue
        found = {named(used) for used in imports(path, name)}
        waits[name] = (found & set(modules())) - {name, "mlops_pipeline"}
    while free := [name for name, needed in waits.items() if not needed & set(waits)]:
        for name in free:
            del waits[name]
    assert waits == {}


def test_no_room_has_too_many_modules() -> None:
    count: dict[str, int] = {}
    for name, path in modules().items():
        folder = name if path.name == "__init__.py" else name.rpartition(".")[0]
        if path.name not in ("__init__.py", "__main__.py"):
            count[folder] = count.get(folder, 0) + 1
    crowded = {f: n for f, n in count.items() if n > MODULES_OF_A_ROOM and f not in FLAT}
    assert crowded == {}


def test_declaring_a_component_loads_little() -> None:
    script = (
        "import sys; from mlops_pipeline import component\n"
        "print(*sorted(m for m in sys.modules if m.startswith('mlops_')))"
    )
    run = [sys.executable, "-c", script]
    loaded = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in loaded if name.startswith("mlops_pipeline.roots")] == []
    assert "mlops_pipeline.authoring.components" in loaded
    assert len(loaded) <= MODULES_OF_COMPONENT, loaded


def test_every_module_has_a_test_file_of_its_name() -> None:
    missing = set()
    for name, path in modules().items():
        package, *folders, last = name.split(".") if "." in name else (name, name)
        if path.name in ("__init__.py", "__main__.py"):
            continue
        mirror = Path("tests", package, *folders, f"test_{last.lstrip('_')}.py")
        test = ROOT / ELSEWHERE.get(name, mirror)
        if not test.is_file():
            missing.add(name)
    assert missing == UNTESTED


def test_the_tests_stand_in_folders_of_the_packages() -> None:
    folders = {room.replace(".", "/") for room in rooms()} | set(PACKAGES)
    found = {str(p.parent.relative_to(ROOT / "tests")) for p in (ROOT / "tests").rglob("test_*.py")}
    mirrored = {folder for folder in found if folder.split("/")[0] in PACKAGES}
    assert mirrored - folders == set()
