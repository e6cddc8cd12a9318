from __future__ import annotations

from pathlib import Path

import pytest
from cli_project import PIPELINE, Mlops, Result

from mlops_pipeline.cli import call


@pytest.fixture
def mlops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Mlops:
    """Runs a command in a project with a pipeline; executors run in this process."""
    (tmp_path / "mlops.toml").write_text("")
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLOPS_STORE", f"memory://{tmp_path}")

    def run(*arguments: str) -> Result:
        capsys.readouterr()
        extra = ["--in-process"] if arguments[0] in ("run", "resume") else []
        code = call([*arguments, *extra])
        said = capsys.readouterr()
        return Result(code, said.out, said.err)

    return run
