"""`mlops serve`: mistakes are told before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from mlops_pipeline.cli.serve import serve
from mlops_pipeline.errors import SettingsError

pytest.importorskip("uvicorn")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "there is no folder"),
        (["a", "b/a"], "two models are called a"),
        (["bad name=a"], "no name for a model"),
        (["a", "--predict", "x:y", "--loader", "x:y"], "say the same"),
        (["a", "--predict", "x"], "no function"),
        (["a", "--host", "0.0.0.0"], "everybody"),
        (["a", "--tls-cert", "x"], "go together"),
        (["a", "--tls-cert", "x", "--tls-key", "y"], "cannot be used"),
    ],
)
def test_mistakes_are_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a" / "1").mkdir(parents=True)
    (tmp_path / "b" / "a").mkdir(parents=True)
    with pytest.raises(SettingsError, match=message) as error:
        CliRunner().invoke(serve, arguments, catch_exceptions=False)
    assert error.value.hint
