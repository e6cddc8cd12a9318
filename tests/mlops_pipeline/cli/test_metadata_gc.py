from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from cli_project import Mlops, decisions

from mlops_pipeline.api import Where, gc
from mlops_pipeline.errors import ParameterError
from mlops_pipeline.retention import Collected, GcPlan, Policy
from mlops_pipeline.store import MemoryStore

STORE = ("--store", "metadata.db")
STRICT = ("--keep-last", "1", "--younger", "0s", *STORE)


@pytest.fixture
def runs(mlops: Mlops) -> Mlops:
    """Two runs, of which the second has made its model anew."""
    mlops("run", ".", *STORE)
    mlops("run", ".", "-p", "steps=7", *STORE)
    return mlops


def models() -> list[Path]:
    return sorted(Path(".mlops/artifacts/small/Train/model").iterdir())


def test_without_apply_it_is_shown_what_would_go_and_what_it_costs(runs: Mlops) -> None:
    done = runs("metadata", "gc", *STRICT)
    assert done.code == 0
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert lines[0] == "pipeline type artifacts size"
    assert "small Model 1 5 B" in lines
    assert "lost for the cache:" in lines
    assert any(line.startswith("small.Train: 1 result, ") for line in lines)
    assert lines[-1].startswith("3 artifacts would go, ")
    assert lines[-1].endswith("remove them with --apply")
    assert len(models()) == 2


def test_by_default_nothing_of_a_week_goes(runs: Mlops) -> None:
    assert runs("metadata", "gc", *STORE).out.startswith("kept: 8 of the newest runs")


def test_apply_removes_files_and_the_records_say_so(runs: Mlops) -> None:
    first = runs("runs", "--json", *STORE).data[-1]["id"]
    done = runs("metadata", "gc", "--apply", *STRICT)
    assert done.out.splitlines()[-1].startswith("3 artifacts removed, ")
    assert len(models()) == 1
    shown = runs("show", first, "Train", *STORE)
    assert "Model 1" in shown.out
    assert "(deleted on " in shown.out
    assert "Model, deleted" in runs("artifacts", "--type", "Model", *STORE).out
    assert "Model #1 deleted" in runs("lineage", "1", *STORE).out
    assert runs("verify", *STORE).code == 0
    assert runs("metadata", "fsck", *STORE).code == 0
    again = runs("run", ".", "--json", *STORE)
    assert decisions(again)["Train"] == "run"
    (reason,) = [each["reason"] for each in again.data["nodes"] if each["name"] == "Train"]
    assert reason.startswith("an output of the earlier result was deleted on ")
    assert decisions(runs("run", ".", "--json", *STORE))["Train"] == "cached"


def test_json_names_each_artifact_and_what_was_done(runs: Mlops) -> None:
    data = runs("metadata", "gc", "--json", *STRICT).data
    assert data["applied"] is False
    assert data["policy"] == {
        "keep_last": 1,
        "younger": 0.0,
        "keep": ["blessed", "pushed", "tagged"],
        "upstream": ["*"],
    }
    assert [each["node"] for each in data["artifacts"]] == ["Check", "Train", "Train"]
    applied = runs("metadata", "gc", "--json", "--apply", *STRICT).data
    assert sorted(applied["removed"]) == sorted(each["id"] for each in data["artifacts"])
    assert (applied["held"], applied["failed"], applied["finished"]) == ([], [], [])


def test_the_policy_comes_from_the_settings_too(
    runs: Mlops, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("mlops.toml").write_text('gc.keep_last = 1\ngc.younger = "0s"\ngc.upstream = ["Schema"]\n')
    assert "3 artifacts would go" in runs("metadata", "gc", *STORE).out
    monkeypatch.setenv("MLOPS_GC_KEEP", "pushed,none")
    data = runs("metadata", "gc", "--json", *STORE).data
    assert data["policy"]["keep"] == ["pushed"]
    assert data["policy"]["upstream"] == ["Schema"]
    monkeypatch.setenv("MLOPS_GC_KEEP", "blest")
    done = runs("metadata", "gc", *STORE)
    assert done.code == 2
    assert "gc_keep" in done.err


def test_mistakes_are_told(runs: Mlops) -> None:
    done = runs("metadata", "gc", "--younger", "soon", *STORE)
    assert done.code == 2
    assert "'soon', which is no age" in done.err
    assert runs("metadata", "gc", "--keep-last", "-1", *STORE).code == 2
    assert "nothing is recorded" in runs("metadata", "gc", "--store", "none.db").err
    assert "cannot be reached from here" in runs("metadata", "gc").err


def test_files_without_a_record_go_only_if_asked_for(runs: Mlops) -> None:
    orphan = Path(".mlops/artifacts/small/Train/model/900")
    orphan.mkdir()
    old = time.time() - 200_000
    os.utime(orphan, (old, old))
    done = runs("metadata", "gc", "--apply", *STORE)
    assert orphan.exists()
    done = runs("metadata", "gc", *STORE)
    assert "  small/Train/model/900" in done.out.splitlines()
    assert "--orphans" in done.out
    done = runs("metadata", "gc", "--apply", "--orphans", *STORE)
    assert "1 folders removed without a record" in done.out
    assert not orphan.exists()


def test_what_cannot_be_removed_is_an_error(runs: Mlops) -> None:
    Path(".mlops/artifacts/.removed").write_text("in the way")
    done = runs("metadata", "gc", "--apply", *STRICT)
    assert done.code == 1
    assert "could not be removed" in done.err
    fsck = runs("metadata", "fsck", *STORE)
    assert fsck.code == 1
    assert "what is marked for removal is gone" in fsck.out
    Path(".mlops/artifacts/.removed").unlink()
    assert "3 artifacts of an earlier removal" in runs("metadata", "gc", "--apply", *STRICT).out
    assert runs("metadata", "fsck", *STORE).code == 0


def test_the_function_does_what_the_command_does(runs: Mlops, tmp_path: Path) -> None:
    where = Where(f"sqlite:///{tmp_path}/metadata.db")
    policy = Policy(keep_last=1, younger=0)
    plan = gc(policy, where=where)
    assert isinstance(plan, GcPlan)
    assert len(plan.going) == 3
    done = gc(policy, apply=True, where=where)
    assert isinstance(done, Collected)
    assert len(done.removed) == 3
    with pytest.raises(ParameterError, match="takes the URL"):
        gc(where=Where(MemoryStore()))


def test_what_reads_a_deleted_artifact_says_when_and_why_it_went(runs: Mlops) -> None:
    first = runs("runs", "--json", *STORE).data[-1]["id"]
    runs("metadata", "gc", "--apply", *STRICT)
    replayed = runs("replay", first, "Check", *STORE)
    assert replayed.code == 2
    assert "input model of Check was deleted on " in replayed.err
    part = runs("run", ".", "--only", "Check", "--base-run", first, "--force", *STORE)
    assert part.code == 1
    assert "input model of Check was deleted on " in part.out
    part = runs("run", ".", "--only", "Square", "--base-run", first, *STORE)
    assert part.code == 1
    assert "cannot read the value at " in part.out
