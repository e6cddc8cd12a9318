"""`mlops serve`: mistakes are told before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from registered_models import push

from mlops_pipeline.cli.serve import serve
from mlops_pipeline.deployment import served_folder
from mlops_pipeline.errors import PipelineError, SettingsError
from mlops_pipeline.models import register_artifact
from mlops_pipeline.store import MemoryStore

pytest.importorskip("uvicorn")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "there is no folder"),
        ([], "no model is named"),
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


def test_the_folder_of_a_registered_model_is_found(tmp_path: Path) -> None:
    store = MemoryStore()
    for version in ("7", "8"):
        place = tmp_path / "pushed" / version
        place.mkdir(parents=True)
        told = {"pushed_version": version, "pushed_destination": str(place)}
        register_artifact(store, push(store, f"v{version}", **told), "fraud")
    assert served_folder(store, "fraud") == tmp_path / "pushed"
    with pytest.raises(PipelineError, match="nobody"):
        served_folder(store, "nobody")
    (tmp_path / "pushed").rename(tmp_path / "moved")
    with pytest.raises(PipelineError, match="no version of fraud was pushed to a folder"):
        served_folder(store, "fraud")
