"""Artifact roots that need no server: a folder of this machine, and fsspec's own memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.errors import RootError
from mlops_pipeline.ir import OutputIR
from mlops_pipeline.roots.local_root import LocalAttempt, LocalRoot
from mlops_pipeline.store import Execution, Run, State

pytest.register_assert_rewrite("root_contract")

from root_contract import RootContract  # noqa: E402


class TestLocalRoot(RootContract):
    @pytest.fixture
    def root(self, tmp_path: Path) -> str:
        return str(tmp_path / "root")


def attempt_of(root: Path, number: int = 7, **names: Any) -> LocalAttempt:
    fields: dict[str, Any] = {"pipeline": "p", "run_id": "r", "node_id": "Make", **names}
    properties = {"staging": "ab12", "outputs": ["model"], **fields.pop("properties", {})}
    found = LocalRoot(root).attempt(
        Execution(component="x.Y", id=number, state=State.RUNNING, properties=properties, **fields)
    )
    assert found is not None
    return found


@pytest.mark.parametrize(
    "names",
    [
        {"node_id": "../../../victim"},
        {"node_id": "a/b"},
        {"node_id": "a...b"},
        {"pipeline": ".."},
        {"pipeline": "/etc"},
        {"run_id": "../r"},
        {"properties": {"outputs": ["../model"]}},
        {"properties": {"staging": "../../x"}},
    ],
)
def test_names_of_a_store_that_lead_elsewhere_are_refused(
    tmp_path: Path, names: dict[str, Any]
) -> None:
    with pytest.raises(RootError, match="which is no name of a folder"):
        attempt_of(tmp_path, **names)


def test_an_undo_that_is_killed_and_begun_again_takes_nothing_from_another_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "p" / "Make" / "model" / "7"
    theirs.mkdir(parents=True)
    (theirs / "data").write_text("of another store")
    attempt = attempt_of(tmp_path)
    attempt.begin()
    (attempt.folder / "model" / "data").write_text("ours")
    attempt.publish([OutputIR("model", "Model")], {"model": ""})
    ours = theirs.with_name("7-ab12")
    assert (ours / "data").read_text() == "ours"

    def killed(self: Path, target: Path) -> Path:
        if self.name.endswith(".moving"):
            raise KeyboardInterrupt
        return rename(self, target)

    rename = Path.rename
    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        attempt.discard()
    monkeypatch.undo()
    attempt.discard()
    assert (theirs / "data").read_text() == "of another store"
    assert not ours.exists()
    assert not any((tmp_path / "p" / ".staging").iterdir())


def test_the_states_of_a_run_are_gone_when_it_is_complete(tmp_path: Path) -> None:
    attempt = attempt_of(tmp_path)
    for state in (attempt.state, attempt_of(tmp_path, run_id="other").state):
        state.mkdir(parents=True)
        (state / "checkpoint").write_bytes(b"x")
    LocalRoot(tmp_path).forget_state(Run(id="r", pipeline="p", ir="", started=1.0))
    assert not attempt.state.parent.exists()
    assert attempt_of(tmp_path, run_id="other").state.is_dir()
    LocalRoot(tmp_path).forget_state(Run(id="..", pipeline="p", ir="", started=1.0))
    assert attempt_of(tmp_path, run_id="other").state.is_dir()
