"""What holds for the repository as a whole: layout, pins, imports, sizes of the code."""

import ast
import functools
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "mlops_pipeline": ROOT / "mlops_pipeline",
    "mlops_components": ROOT / "components" / "mlops_components",
    "mlops_metadata": ROOT / "metadata" / "mlops_metadata",
}
FOLDERS = {
    ".ci",
    "benchmarks",
    "components",
    "constraints",
    "dags",
    "docker",
    "docs",
    "examples",
    "metadata",
    "mlops_pipeline",
    "pipelines",
    "tests",
}
FILES = {
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "dev.py",
    "pyproject.toml",
}
HEAVY = (
    "airflow",
    "apache_beam",
    "keras",
    "kfp",
    "ml_metadata",
    "numpy",
    "pandas",
    "pyarrow",
    "tensorflow",
    "tensorflow_data_validation",
    "tensorflow_metadata",
    "tensorflow_model_analysis",
    "tensorflow_transform",
    "tfx_bsl",
)
MODULE_LINES, FUNCTION_LINES, PARAMETERS = 350, 40, 5


@functools.cache
def tracked() -> list[Path]:
    """The files that git keeps."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("git lists the files of this checkout, and there is none, or no history")
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = [ROOT / name for name in done.stdout.split("\0") if name]
    return [file for file in files if file.is_file()]


@functools.cache
def texts() -> dict[str, str]:
    """The text files that git keeps, by name."""
    found = {}
    for file in tracked():
        data = file.read_bytes()
        if b"\0" not in data[:8000]:
            found[str(file.relative_to(ROOT))] = data.decode(errors="replace")
    return found


def modules() -> list[Path]:
    return [path for folder in PACKAGES.values() for path in sorted(folder.rglob("*.py"))]


def test_the_top_level_is_the_dependency_map() -> None:
    inside = {file.relative_to(ROOT).parts for file in tracked()}
    assert {parts[0] for parts in inside if len(parts) > 1} == FOLDERS
    assert {parts[0] for parts in inside if len(parts) == 1} == FILES


def test_content_folders_are_no_packages() -> None:
    folders = ("dags", "docker", "docs", "examples", "pipelines", "tests")
    assert [p for name in folders for p in (ROOT / name).rglob("__init__.py")] == []
    assert [p for name in ("components", "metadata") for p in (ROOT / name).glob("*.py")] == []


@pytest.mark.parametrize("name", PACKAGES)
def test_every_package_says_that_it_is_typed(name: str) -> None:
    assert (PACKAGES[name] / "py.typed").is_file()


def test_constraint_files_pin_exact_versions_and_hold_no_url() -> None:
    files = sorted((ROOT / "constraints").glob("*.txt"))
    assert files
    pin = re.compile(r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==[^\s;:/]+( ; [^:/]+)?")
    for file in files:
        wrong = [
            line
            for line in file.read_text().splitlines()
            if not line.startswith("#") and not pin.fullmatch(line)
        ]
        assert wrong == [], file.name
        assert "://" not in file.read_text(), file.name


def test_no_file_names_a_package_registry_or_a_folder_of_one_machine() -> None:
    # Put together here, so that this file does not name what it looks for.
    hosts = [("py", "pi.org"), ("python", "hosted.org"), ("registry.", "npmjs"), ("deb.", "debian")]
    folders = [("/wo", "rk/"), ("/ro", "ot/.")]
    forbidden = re.compile("|".join(re.escape(a + b) for a, b in [*hosts, *folders]))
    found = {name for name, text in texts().items() if forbidden.search(text)}
    assert found == set()


LIGHT_IMPORTS = """
import importlib, json, pkgutil, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in HEAVY:
            raise ImportError(f"{name} is imported at module level")
sys.meta_path.insert(0, Blocked())
tried = ["mlops_metadata"]
import mlops_metadata
for name in ("mlops_pipeline", "mlops_components"):
    package = importlib.import_module(name)
    tried.append(name)
    for found in pkgutil.walk_packages(package.__path__, name + "."):
        parts = found.name.split(".")
        # `_tfdv` and its like are what component bodies import; a template is not ours to run; the
        # Airflow runner is imported by DAG files, in Airflow.
        if {"template", "airflow"} & set(parts) or parts[-1].startswith("_"):
            continue
        importlib.import_module(found.name)
        tried.append(found.name)
print(json.dumps(tried))
"""


def test_framework_and_components_import_without_the_heavy_libraries() -> None:
    script = f"HEAVY = {set(HEAVY)!r}\n{LIGHT_IMPORTS}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr.strip().splitlines()[-1:]
    assert set(PACKAGES) <= set(json.loads(done.stdout))


def test_importing_the_framework_brings_in_nothing_for_the_terminal() -> None:
    script = (
        "import sys, mlops_pipeline\n"
        "print(*sorted({'click', 'rich', 'fsspec', 'asyncio', 'http'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def lines_of_code(nodes: list[ast.AST], source: list[str]) -> set[int]:
    """The numbers of the lines that are code: no blank ones, comments or docstrings."""
    lines = {
        number
        for number, line in enumerate(source, 1)
        if line.strip() and not line.strip().startswith("#")
    }
    for node in nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def oversized(path: Path) -> Iterator[str]:
    text = path.read_text()
    source, nodes = text.splitlines(), list(ast.walk(ast.parse(text)))
    lines, place = lines_of_code(nodes, source), path.relative_to(ROOT)
    if len(lines) > MODULE_LINES:
        yield f"{place}: {len(lines)} lines"
    for node in nodes:
        if not isinstance(node, ast.FunctionDef):
            continue
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        if first > 1 and source[first - 2].strip().startswith("#"):
            # A limit is broken only with a comment that says why.
            continue
        arguments = node.args
        names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        count = len([name for name in names if name not in ("self", "cls")])
        # A component's parameters are its interface, and a command's its options.
        if count > PARAMETERS and not node.decorator_list:
            yield f"{place}:{node.lineno}: {node.name} has {count} parameters"
        body = range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1)
        if len(lines.intersection(body)) > FUNCTION_LINES:
            yield f"{place}:{node.lineno}: {node.name} is too long"


def test_modules_and_functions_stay_small() -> None:
    assert [problem for path in [*modules(), ROOT / "dev.py"] for problem in oversized(path)] == []


def test_no_module_is_named_for_nothing() -> None:
    nothing = re.compile(r"(utils?|helpers?|common|misc|core|base(_.*)?)")
    assert [p for p in modules() if nothing.fullmatch(p.stem) or p.parent.name == "core"] == []


def test_the_version_is_the_same_everywhere() -> None:
    import mlops_pipeline

    said = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.M)
    assert said
    assert said[1] == mlops_pipeline.__version__


def test_entry_points_lead_to_functions() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    targets = re.findall(r'^\w+ = "(mlops_[\w.]+):(\w+)"$', text, re.M)
    assert targets
    for module, name in targets:
        found = importlib.util.find_spec(module)
        assert found, module
        assert found.origin, module
        assert f"def {name}(" in Path(found.origin).read_text(), f"{module}:{name}"
