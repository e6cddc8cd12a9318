"""The wheel, and how much comes with the base install."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
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


def test_the_wheel_holds_the_project_template(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.startswith("mlops_pipeline/template/") for name in names)


def test_the_wheel_holds_the_web_pages(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    folder = ROOT / "mlops_pipeline" / "ui"
    files = [file for name in ("templates", "static") for file in (folder / name).iterdir()]
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
