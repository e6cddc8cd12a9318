"""The wheel, and how much comes with the base install."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from served_pages import get, serving_pages

ROOT = Path(__file__).resolve().parent.parent
AIRFLOW = os.environ.get("MLOPS_TEST_AIRFLOW", "")
"""The `airflow` command of an environment with Airflow 3."""

CLEAN = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "MLOPS", "PYTHON"))}
PACKAGES_LIMIT, MEGABYTES_LIMIT = 12, 30
PIPELINE = """
from mlops_pipeline import component, pipeline

@component
def One(n: int) -> int:
    return n + 1

@pipeline
def tiny(n: int = 1) -> None:
    One(n=n)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="the wheel is built with hatchling")
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_one_wheel_holds_the_three_packages_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    packages = {"mlops_pipeline", "mlops_components", "mlops_metadata"}
    assert {top for top in tops if not top.endswith(".dist-info")} == packages
    assert {f"{package}/py.typed" for package in packages} <= set(names)
    assert [name for name in names if name.endswith((".pyc", ".db"))] == []


def test_the_wheel_has_what_draws_on_pages_where_it_is_built_and_not_its_sources(
    wheel: Path,
) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    static = ROOT / "mlops_pipeline" / "ui" / "static"
    built = {f"mlops_pipeline/ui/{p.relative_to(static.parent)}" for p in static.rglob("*.[jc]s*")}
    assert built <= names
    assert [name for name in names if "/ui/web/" in name or "node_modules" in name] == []


def test_nothing_in_the_wheel_is_compiled(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in names if name.endswith((".so", ".pyd", ".dylib"))] == []


@pytest.mark.slow  # Asks the package index.
@pytest.mark.parametrize("version", ["3.10", "3.12", "3.14"])
def test_the_base_install_needs_no_compiler_on_arm(
    wheel: Path, tmp_path: Path, version: str
) -> None:
    arm = ["--platform", "manylinux_2_28_aarch64", "--python-version", version]
    pins = ["--only-binary", ":all:", "-c", str(ROOT / "constraints" / "light.txt")]
    # Where there is a target, what is installed here does not count.
    told = ["--dry-run", "--quiet", "--report", "-", "--target", str(tmp_path / "arm")]
    command = [sys.executable, "-m", "pip", "install", *told, *arm, *pins, str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = {each["metadata"]["name"] for each in json.loads(done.stdout)["install"]}
    assert {"mlops-pipeline", "click", "fsspec", "msgspec", "rich"} <= found


def test_the_wheel_holds_the_project_template(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.startswith("mlops_pipeline/template/") for name in names)


def test_the_wheel_holds_the_web_pages(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    folder = ROOT / "mlops_pipeline" / "ui"
    files = [file for name in ("templates", "static") for file in (folder / name).glob("*.*")]
    assert files
    assert {str(file.relative_to(ROOT)) for file in files} <= names


@pytest.mark.slow  # Installs from the package index.
def test_the_base_install_is_small_and_works(
    wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "base"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-compile", "--target"]
    pins = ["-c", str(ROOT / "constraints" / "light.txt"), str(wheel)]
    subprocess.run([*install, str(target), *pins], check=True, capture_output=True)
    packages = sorted(path.name for path in target.glob("*.dist-info"))
    megabytes = sum(f.stat().st_size for f in target.rglob("*") if f.is_file()) / 1e6
    with capsys.disabled():
        sys.stdout.write(f"\nbase install: {len(packages)} packages, {megabytes:.1f} MB\n")
    assert len(packages) <= PACKAGES_LIMIT, packages
    assert megabytes <= MEGABYTES_LIMIT
    (tmp_path / "pipeline.py").write_text(PIPELINE)

    def mlops(*arguments: str) -> str:
        script = (
            f"import sys; sys.path[:0] = [{str(target)!r}]; "
            f"from mlops_pipeline.cli import main; sys.exit(main({list(arguments)!r}))"
        )
        # Isolated and without site-packages: only what was installed just now is found.
        command = [sys.executable, "-I", "-S", "-c", script]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    mlops("--version")
    mlops("run", "pipeline.py", "--in-process")
    assert [run["state"] for run in json.loads(mlops("runs", "--json"))] == ["COMPLETE"]
    assert (tmp_path / ".mlops" / "metadata.db").is_file()


READ_DAG = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
import mlops_components, mlops_metadata, mlops_pipeline
bag = DagBag(sys.argv[1])
print(json.dumps({
    "errors": bag.import_errors,
    "tasks": {dag_id: sorted(dag.task_ids) for dag_id, dag in bag.dags.items()},
    "from": [m.__file__ for m in (mlops_components, mlops_metadata, mlops_pipeline)],
    "heavy": sorted({"ml_metadata", "tensorflow"} & sys.modules.keys()),
}))
"""


@pytest.mark.airflow
@pytest.mark.slow  # Builds an environment, and imports Airflow.
@pytest.mark.skipif(not AIRFLOW, reason="MLOPS_TEST_AIRFLOW names no airflow command")
def test_authoring_store_pages_and_dags_share_one_environment_with_airflow(
    wheel: Path, tmp_path: Path
) -> None:
    place = tmp_path / "a place"
    project, dags = place / "my project", place / "my dags"
    for folder in (project, dags):
        folder.mkdir(parents=True)
    (project / "pipeline.py").write_text(PIPELINE)
    tools = beside_airflow(wheel, place / "an environment")

    environment = {**CLEAN, "AIRFLOW_HOME": str(place / "home")}

    def run(tool: str, *arguments: str) -> str:
        command = [str(tools / tool), *arguments]
        done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("mlops", "run", "pipeline.py", "--run-id", "first")
    (listed,) = json.loads(run("mlops", "runs", "--json"))
    assert (listed["id"], listed["state"]) == ("first", "COMPLETE")
    shown = json.loads(run("mlops", "show", "first", "--json"))
    (node,) = shown["nodes"]
    (written,) = node["outputs"].values()
    assert "first" in run("mlops", "lineage", str(written[0]["id"]))
    with serving_pages([tools / "mlops"], project, environment) as pages:
        status, _, page = get(f"{pages.page}run?id=first", pages.enter())
    assert (status, "One" in page) == (200, True)
    run("mlops", "airflow", "deploy", "pipeline.py", "--dags", str(dags))
    read = json.loads(run("python", "-c", READ_DAG, str(dags)).splitlines()[-1])
    assert read["errors"] == {}
    assert read["tasks"] == {"tiny": ["One", "end_run"]}
    assert {Path(file).is_relative_to(tools.parent) for file in read["from"]} == {True}
    assert read["heavy"] == []


def beside_airflow(wheel: Path, environment: Path) -> Path:
    """Install the wheel, and nothing else, beside the packages of Airflow; its commands."""
    python = Path(AIRFLOW).with_name("python")
    subprocess.run([python, "-m", "venv", "--without-pip", environment], check=True)
    (packages,) = environment.glob("lib/*/site-packages")
    (theirs,) = Path(AIRFLOW).parents[1].glob("lib/*/site-packages")
    # A plain path: the .pth files in there, which lead to this checkout, are not read.
    (packages / "beside.pth").write_text(f"{theirs}\n")
    pip = [python, "-m", "pip", "--python", environment / "bin" / "python"]
    given = ["--quiet", "--no-index", "--no-deps", "--force-reinstall", wheel]
    # What the pages need is there already, or this finds no package.
    pages = ["install", "--quiet", "--no-index", "mlops-pipeline[ui]"]
    for words in (["install", *given], pages, ["check"]):
        done = subprocess.run([*pip, *words], env=CLEAN, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return environment / "bin"
