"""The Python API: runs as objects, with artifacts that can be loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from api_runs import go

from mlops_pipeline.api import Where, open_run
from mlops_pipeline.artifacts import Model
from mlops_pipeline.errors import RunFailedError
from mlops_pipeline.inspection.results import artifact_object
from mlops_pipeline.store import ArtifactRecord, MemoryStore, State


@pytest.fixture
def where(tmp_path: Path) -> Where:
    return Where(MemoryStore(), tmp_path)


def test_artifacts_are_objects_of_their_types_that_load(where: Where) -> None:
    done = go(where)
    model = done["Train"].artifact("model")
    assert isinstance(model, Model)
    assert (model.path / "weights").read_text() == "wwwww"
    assert model.properties["framework"] == "none"
    assert done["Describe"].artifact().load() == {"size": 5}
    assert [artifact.id for artifact in done.artifacts("Model")] == [model.id]
    assert done["Describe"].inputs["model"][0].id == model.id


def test_a_failed_run_is_an_object_too_until_it_is_checked(where: Where) -> None:
    done = go(where, steps=-1)
    assert done.state is State.FAILED
    assert [node.name for node in done.failed] == ["Train"]
    with pytest.raises(RunFailedError, match="failed: Train: ValueError") as caught:
        done.check()
    assert caught.value.hint == f"go on with `mlops resume {done.id}`"


def test_an_artifact_of_an_unknown_type_keeps_its_name() -> None:
    found = artifact_object(ArtifactRecord(type="Weather", uri="/w", id=3))
    assert type(found).TYPE_NAME == "Weather"
    assert repr(found) == "Weather('/w', id=3)"


def test_a_remote_artifact_is_copied_to_the_scratch_folder_of_its_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()
    where = Where(store, f"memory://{tmp_path.name}/artifacts")
    monkeypatch.setenv("MLOPS_SCRATCH", str(tmp_path / "first"))
    run = go(where)
    # What a run reads later does not depend on the settings of that moment.
    monkeypatch.setenv("MLOPS_SCRATCH", str(tmp_path / "second"))
    assert run["Train"].artifact("model").path.is_relative_to(tmp_path / "first")
    again = open_run(run.id, where=where)
    assert again["Train"].artifact("model").path.is_relative_to(tmp_path / "second")
