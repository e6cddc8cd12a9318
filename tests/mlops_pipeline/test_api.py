"""The Python API: runs as objects, with artifacts that can be loaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from api_runs import go, small

from mlops_pipeline.api import (
    Where,
    artifacts,
    lineage,
    new_run_id,
    open_run,
    plan,
    resume,
    run,
    runs,
    verify,
    why,
)
from mlops_pipeline.errors import NotFoundError, ParameterError, RunFailedError
from mlops_pipeline.store import MemoryStore, Run, State


@pytest.fixture
def where(tmp_path: Path) -> Where:
    return Where(MemoryStore(), tmp_path)


def test_a_run_has_its_nodes_times_and_decisions(where: Where) -> None:
    first, second = go(where), go(where)
    assert first.state is State.COMPLETE
    assert first.decisions == {"Train": "run", "Describe": "run"}
    assert second.decisions == {"Train": "cached", "Describe": "cached"}
    assert [node.name for node in first] == ["Train", "Describe"]
    assert 0 < first["Train"].duration <= first.duration
    assert first.parameters == {"steps": 5}
    assert repr(first).startswith(f"<PipelineRun {first.id} of small: complete, 2 nodes")


def test_an_unknown_node_gives_the_near_miss(where: Where) -> None:
    with pytest.raises(NotFoundError, match="no node 'Trian'") as caught:
        go(where)["Trian"]
    assert caught.value.hint == "did you mean 'Train'?"


def test_a_run_can_be_resumed_and_read_again(where: Where) -> None:
    done = go(where, steps=-1)
    again = resume(done.id, where=where, check=False, in_process=True)
    assert again.state is State.FAILED
    assert again["Train"].attempts == 2
    assert open_run(done.id, where=where)["Train"].attempts == 2


def test_runs_plan_and_why_say_what_the_commands_say(where: Where) -> None:
    done = go(where)
    assert [each.id for each in runs(where=where)] == [done.id]
    assert {node.decision for node in plan(small, where=where)} == {"cached"}
    assert plan(small, {"steps": 6}, where=where)[0].decision == "run"
    assert why(done.id, "Train", where=where).execution.node_id == "Train"


def test_stored_artifacts_are_compared_with_what_was_published(where: Where) -> None:
    first, second = go(where), go(where, steps=6)
    assert [each.problem for each in verify(where=where)] == [""] * 6
    (model,) = artifacts(second.id, "Model", where=where)
    (model.path / "weights").write_text("others")
    bad = [each for each in verify("last", where=where) if each.problem]
    assert [(each.artifact.id, each.problem) for each in bad] == [
        (model.id, "its content was altered")
    ]
    assert not any(each.problem for each in verify(first.id, where=where))


def test_an_unknown_run_gives_the_near_miss(where: Where) -> None:
    done = go(where)
    with pytest.raises(NotFoundError) as caught:
        open_run(done.id[:-1] + "x", where=where)
    assert caught.value.hint == f"did you mean {done.id!r}?"


def test_an_unknown_option_gives_the_near_miss(where: Where) -> None:
    with pytest.raises(ParameterError, match="no option 'worker'") as caught:
        run(small, where=where, worker=2)
    assert caught.value.hint == "did you mean 'workers'?"


def test_a_pipeline_may_be_given_by_its_place(where: Where, tmp_path: Path) -> None:
    text = "from mlops_pipeline import component, pipeline\n\n@component\ndef One() -> int:\n"
    text += "    return 1\n\n@pipeline\ndef one() -> None:\n    One()\n"
    (tmp_path / "one.py").write_text(text)
    assert run(tmp_path / "one.py", where=where, in_process=True)["One"].artifact().load() == 1


def test_run_ids_sort_by_time_and_do_not_repeat() -> None:
    class Full(MemoryStore):
        """Has a run of each id that it is asked for, but for the last of 20."""

        def __init__(self) -> None:
            super().__init__()
            self.asked: list[str] = []

        def get_run(self, run_id: str) -> Run | None:
            self.asked.append(run_id)
            taken = len(self.asked) < 20
            return Run(run_id, "p", {}, started=0.0) if taken else None

    store = Full()
    assert new_run_id(store) == store.asked[-1]
    assert len(store.asked) == 20
    assert all(len(each) == len("20250131-142530-9f3a") for each in store.asked)
    assert store.asked[0][:8] <= store.asked[-1][:8]


def test_artifacts_and_lineage_say_what_the_commands_say(where: Where) -> None:
    done = go(where)
    (model,) = artifacts(type_name="Model", where=where)
    assert model.id == done["Train"].artifact("model").id
    for what in (model, str(model.id), "Model", "last/Train/model", ""):
        assert [e.node_id for e in lineage(what, where=where).executions.values()] == ["Train"]
    names = {e.node_id for e in lineage(model, down=True, where=where).executions.values()}
    assert names == {"Describe"}


def test_a_run_id_that_is_taken_is_refused(where: Where) -> None:
    run(small, where=where, run_id="r1", in_process=True)
    with pytest.raises(ParameterError, match="run id 'r1' is taken"):
        run(small, where=where, run_id="r1", in_process=True)


def test_looking_does_not_make_a_store(tmp_path: Path) -> None:
    nowhere = Where(f"sqlite:///{tmp_path}/metadata.db", tmp_path / "root")
    assert runs(where=nowhere) == []
    assert {each.decision for each in plan(small, where=nowhere)} == {"run"}
    with pytest.raises(NotFoundError, match="nothing is recorded yet"):
        open_run(where=nowhere)
    assert not (tmp_path / "metadata.db").exists()


def test_time_between_a_failure_and_its_resume_does_not_count(where: Where) -> None:
    store = where.store
    assert isinstance(store, MemoryStore)
    failed = go(where, steps=-1)
    # As if it had failed an hour ago.
    ago = replace(
        failed.record, started=failed.record.started - 3600, finished=failed.record.finished - 3600
    )
    store.put_run(ago)
    again = resume(failed.id, where=where, check=False, in_process=True)
    assert again.duration < 60
    assert again.record.finished - again.record.started > 3600


def test_a_plan_is_sure_of_what_runs_whatever_is_written_before_it(where: Where) -> None:
    first = {each.node_id: each.reason for each in plan(small, where=where)}
    assert first["Describe"] == "first run"
    go(where)
    edited = {each.node_id: each.decision for each in plan(small, {"steps": 6}, where=where)}
    assert edited == {"Train": "run", "Describe": "maybe"}
    forced = plan(small, where=where, force=True)
    assert [(each.decision, each.reason) for each in forced] == [("run", "forced to run")] * 2


def test_a_failed_node_raises_so_that_a_script_fails(where: Where) -> None:
    with pytest.raises(RunFailedError, match="failed: Train: ValueError"):
        run(small, {"steps": -1}, where=where, in_process=True)
    with pytest.raises(RunFailedError, match="failed: Train: ValueError"):
        resume(where=where, run_id="last", in_process=True)
