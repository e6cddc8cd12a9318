"""What every artifact root has to do. The test of one derives from `RootContract`."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.authoring import load_pipeline
from mlops_pipeline.errors import ParameterError
from mlops_pipeline.inspection import read_run
from mlops_pipeline.node import Start, drive, open_session
from mlops_pipeline.node.claims import claim
from mlops_pipeline.roots import read_bytes
from mlops_pipeline.roots.object_store import names_below, remove, write_bytes
from mlops_pipeline.run_state import Workspace
from mlops_pipeline.runners import finish_run, local, plan, run_iteration
from mlops_pipeline.store import ArtifactRecord, ArtifactState, MemoryStore, State
from mlops_pipeline.testing import run_component
from mlops_pipeline.uris import is_remote, local_place

PIPELINE = Path(__file__).parent / "root_pipeline" / "pipeline.py"


@dataclass
class Site:
    """A root, a store, and machines that use them."""

    root: str
    folder: Path
    store: MemoryStore

    def machine(self, name: str = "a", limit: float = 1.0) -> Workspace:
        loaded = load_pipeline(f"{PIPELINE}:rooted", project=PIPELINE.parent)
        scratch = str(self.folder / f"scratch-{name}")
        return Workspace(
            self.store,
            self.root,
            PIPELINE.parent,
            loaded.import_paths,
            scratch=scratch,
            scratch_limit=limit,
        )

    def run(
        self, run_id: str, machine: str = "a", pipeline: str = "rooted", **parameters: Any
    ) -> local.RunResult:
        loaded = load_pipeline(f"{PIPELINE}:{pipeline}", project=PIPELINE.parent)
        return local.run(
            loaded.compile(),
            run_id,
            self.machine(machine),
            parameters=parameters,
            options=local.RunOptions(in_process=True),
        )

    def output(self, result: local.RunResult, node: str, output: str) -> ArtifactRecord:
        return next(o.outputs[output][0] for o in result.outcomes if o.node_id == node)

    def names(self) -> list[str]:
        """The files of the root, without what is kept of logs."""
        if is_remote(self.root):
            found = names_below(self.root)
        else:
            folder = local_place(self.root)
            found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
        hidden = ("/.logs/", ".digests.db", ".sources-")
        return [name for name in found if not any(each in name for each in hidden)]

    def alter(self, uri: str, data: bytes) -> None:
        if is_remote(uri):
            write_bytes(uri, data)
        else:
            Path(uri).write_bytes(data)

    def delete(self, uri: str) -> None:
        if is_remote(uri):
            remove(uri)
        else:
            Path(uri).unlink()

    def text(self, uri: str) -> str:
        return read_bytes(uri).decode()


def states(result: local.RunResult) -> list[str]:
    return [str(outcome.state) for outcome in result.outcomes]


def decisions(result: local.RunResult) -> dict[str, str]:
    return {outcome.node_id: str(outcome.state) for outcome in result.outcomes}


class RootContract:
    """Derive, and give the fixture `root` that names an empty root."""

    @pytest.fixture
    def site(self, root: str, tmp_path: Path) -> Site:
        return Site(root, tmp_path, MemoryStore())

    def test_what_was_written_is_there_and_comes_from_the_cache(self, site: Site) -> None:
        first = site.run("r1")
        assert states(first) == ["COMPLETE"] * 4
        joined = site.output(first, "Join", "joined")
        assert site.text(f"{joined.uri}/all") == "xxx*0.5*3\nxxx*0.25*3"
        assert states(site.run("r2")) == ["CACHED"] * 4

    def test_nothing_but_outputs_stays(self, site: Site) -> None:
        site.run("r1")
        kept = {name.split("/")[1] for name in site.names()}
        assert kept == {"Make", "Train", "Join"}

    def test_another_machine_takes_the_result_over_and_reads_it(self, site: Site) -> None:
        site.run("r1")
        assert states(site.run("r2", machine="b")) == ["CACHED"] * 4
        # The second machine has only what the first has published.
        third = site.run("r3", machine="c", mode="modes")
        assert decisions(third) == {"Make": "CACHED", "Train": "COMPLETE", "Join": "COMPLETE"}

    def test_the_plan_knows_what_is_there(self, site: Site) -> None:
        site.run("r1")
        compiled = load_pipeline(f"{PIPELINE}:rooted", project=PIPELINE.parent).compile()
        assert [each.decision for each in plan(compiled, site.machine("b"), {})] == ["cached"] * 4

    def test_altered_results_are_not_served(self, site: Site) -> None:
        made = site.output(site.run("r1"), "Make", "examples")
        site.alter(f"{made.uri}/deep/er/rows", b"yyy")
        second = site.run("r2")
        assert decisions(second) == {"Make": "COMPLETE", "Train": "CACHED", "Join": "CACHED"}
        again = site.output(second, "Make", "examples")
        assert again.uri != made.uri
        assert site.text(f"{again.uri}/deep/er/rows") == "xxx"
        assert site.store.artifacts([made.id])[0].state is ArtifactState.DELETED

    def test_results_that_are_gone_are_made_again(self, site: Site) -> None:
        first = site.run("r1")
        site.delete(f"{site.output(first, 'Join', 'joined').uri}/all")
        assert decisions(site.run("r2"))["Join"] == "COMPLETE"

    def test_an_input_that_was_altered_within_a_run_stops_it(self, site: Site) -> None:
        failed = site.run("r1", mode="gate nonsense")
        assert decisions(failed)["Train"] == "FAILED"
        made = site.output(failed, "Make", "examples")
        site.alter(f"{made.uri}/deep/er/rows", b"yyy")
        resumed = site.run("r1")
        assert "altered after it was published" in resumed.failed[0].execution.error

    def test_a_failed_attempt_leaves_its_state_and_its_log_only(self, site: Site) -> None:
        failed = site.run("r1", mode="fail once")
        execution = failed.failed[0].execution
        assert "half way" in execution.error
        assert {name.split("/")[1] for name in site.names()} <= {"Make", ".state"}
        # The next attempt is made where the first one left nothing behind on the disk.
        resumed = site.run("r1", machine="a" if not is_remote(site.root) else "b")
        assert decisions(resumed)["Train"] == "FAILED"  # the second iteration fails once, too
        ended = site.run("r1", machine="a")
        assert decisions(ended)["Join"] == "COMPLETE"
        assert {name.split("/")[1] for name in site.names()} == {"Make", "Train", "Join"}

    def test_no_state_stays_where_another_run_did_the_rest(self, site: Site) -> None:
        failed = site.run("r1", mode="fail once")
        for _ in range(3):
            other = site.run("r2", machine="b", mode="fail once")
        assert decisions(other)["Join"] == "COMPLETE"
        ended = site.run("r1")
        assert failed.failed
        assert set(states(ended)) <= {"COMPLETE", "CACHED"}
        assert {name.split("/")[1] for name in site.names()} == {"Make", "Train", "Join"}

    def test_a_failed_gate_publishes_for_inspection_only(self, site: Site) -> None:
        result = site.run("r1", mode="gate fail")
        assert decisions(result)["Train"] == "FAILED"
        (model,) = [a for a in site.store.artifacts_by_type("Model") if "/Train/" in a.uri]
        assert model.state is ArtifactState.PENDING
        assert site.text(f"{model.uri}/weights").startswith("xxx")

    def test_what_is_published_can_be_imported_by_its_place(self, site: Site) -> None:
        joined = site.output(site.run("r1"), "Join", "joined")
        result = site.run("r2", machine="b", pipeline="importing", uri=joined.uri)
        assert states(result) == ["COMPLETE", "COMPLETE"]
        copied = site.output(result, "Copy", "copied")
        assert site.text(f"{copied.uri}/copy") == "xxx*0.5*3\nxxx*0.25*3"
        assert site.store.artifacts_by_uri(joined.uri)[-1].digest == joined.digest
        again = site.run("r3", machine="c", pipeline="importing", uri=joined.uri)
        assert states(again) == ["COMPLETE", "CACHED"]

    def test_what_is_not_there_cannot_be_imported(self, site: Site) -> None:
        result = site.run("r1", pipeline="importing", uri=f"{site.root}/nowhere")
        assert "does not exist" in result.failed[0].execution.error

    def test_artifacts_of_a_run_have_a_local_path(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MLOPS_SCRATCH", str(site.folder / "reading"))
        site.run("r1")
        run = read_run(site.store, "r1")
        assert run["Make"].artifact("output").load() == 3
        assert (run["Join"].artifact().path / "all").read_text().startswith("xxx*0.5")
        result = run_component(sys.modules["pipeline"].Copy, model=run["Join"].artifact())
        assert (result.outputs["copied"].path / "copy").read_text().startswith("xxx*0.5")

    def test_an_execution_that_died_is_cleared_away_by_whoever_comes_next(self, site: Site) -> None:
        self.die_while_placing(site)
        second = site.run("r2", machine="b" if is_remote(site.root) else "a")
        assert states(second) == ["COMPLETE"] * 4
        assert site.store.executions([1])[0].error.endswith("died")
        records = site.store.artifacts_by_type("Examples")
        assert len(records) == 1
        made = [name for name in site.names() if "/Make/examples/" in name]
        assert {name.split("/")[3] for name in made} == {records[0].uri.rpartition("/")[2]}

    def die_while_placing(self, site: Site) -> None:
        """Leave what a process that was killed in the middle leaves: a claim, files, no result."""
        compiled = load_pipeline(f"{PIPELINE}:rooted", project=PIPELINE.parent).compile()
        workspace = site.machine("a")
        session = open_session(compiled, "r1", workspace)
        request = session.request(compiled.node("Make"))
        execution = claim(request, drive(request), session.stop)
        gone = {**execution.properties, "process": f"{execution.properties['process']}0"}
        execution, _ = site.store.put_execution(replace(execution, properties=gone))
        attempt = workspace.artifact_root.attempt(execution)
        attempt.begin()
        (attempt.folder / "examples" / "rows").write_text("half")
        (attempt.folder / "output" / "value").write_text("3")
        digests = {
            "examples": workspace.digest(ArtifactRecord("", str(attempt.folder / "examples"))),
            "empty": workspace.digest(ArtifactRecord("", str(attempt.folder / "empty"))),
            "output": workspace.digest(ArtifactRecord("", f"{attempt.folder}/output/value")),
        }
        attempt.publish(compiled.node("Make").outputs, digests)


class RemoteContract(RootContract):
    """What a root that is not on this machine has to do beside."""

    def test_the_uri_is_remote_and_the_path_a_read_only_copy(self, site: Site) -> None:
        result = site.run("r1", mode="modes")
        model = site.output(result, "Train", "model")
        assert model.uri.startswith(site.root)
        uri, path = site.text(f"{model.uri}/uri").rsplit(" ", 1)
        assert uri == site.output(result, "Make", "examples").uri
        assert path.startswith(str(site.folder / "scratch-a"))
        modes = site.text(f"{model.uri}/modes")
        assert set(modes.replace("(", "").split(", ")[1::2]) <= {"0)", "0)]"}

    def test_a_local_copy_that_was_altered_is_not_served(self, site: Site) -> None:
        result = site.run("r1", mode="alter input")
        assert states(result)[:2] == ["COMPLETE"] * 2
        models = [
            site.text(f"{o.outputs['model'][0].uri}/weights")
            for o in result.outcomes
            if o.node_id == "Train"
        ]
        # Each iteration altered its own: the second got a whole copy again.
        assert [text.split("*")[0] for text in models] == ["altered", "altered"]
        after = site.run("r2")
        joined = site.output(after, "Join", "joined")
        assert site.text(f"{joined.uri}/all") == "xxx*0.5*3\nxxx*0.25*3"

    def test_what_is_altered_while_it_is_published_is_told(self, site: Site) -> None:
        armed = threading.Event()
        armed.set()

        def alter(event: str, args: tuple[object, ...]) -> None:
            if event == "mlops.step" and args == ("root.noted", "Make") and armed.is_set():
                armed.clear()
                (rows,) = site.folder.glob("scratch-a/roots/*/*/.staging/*/examples/deep/er/rows")
                rows.write_text("yyy")

        sys.addaudithook(alter)
        failed = site.run("r1").failed[0]
        assert "was altered while it was uploaded" in failed.execution.error
        assert failed.retryable
        assert site.names() == []
        assert states(site.run("r1")) == ["COMPLETE"] * 4

    @pytest.mark.parametrize(
        ("mode", "said"), [("link", "a link to a folder around it"), ("name", "UTF-8")]
    )
    def test_what_an_object_store_cannot_keep_is_refused(
        self, site: Site, mode: str, said: str
    ) -> None:
        result = site.run("r1", mode=mode)
        assert said in result.failed[0].execution.error
        assert not result.failed[0].retryable
        assert [name for name in site.names() if "/Train/" in name] == []

    def test_every_machine_can_read_the_log_of_a_failed_node(self, site: Site) -> None:
        loaded = load_pipeline(f"{PIPELINE}:rooted", project=PIPELINE.parent)
        result = local.run(loaded.compile(), "r1", site.machine(), parameters={"mode": "fail once"})
        failed = result.failed[0].execution
        assert failed.log.startswith(f"{site.root}/rooted/.logs/r1/")
        assert "failing, this once" in site.text(failed.log)
        make = next(o.execution for o in result.outcomes if o.node_id == "Make")
        assert site.text(make.log) == "making 3 rows\n"

    @pytest.mark.slow  # each attempt is a process of its own
    def test_every_attempt_may_be_made_on_a_machine_of_its_own(self, site: Site) -> None:
        compiled = load_pipeline(f"{PIPELINE}:rooted", project=PIPELINE.parent).compile()
        open_session(compiled, "r1", site.machine("begin"), Start({"mode": "fail once"}))
        places = [("Make", ()), *[("Train", (i,)) for i in (0, 0, 1, 1)], ("Join", ())]
        ended = [
            run_iteration(site.machine(f"pod-{number}"), "r1", node, iteration)
            for number, (node, iteration) in enumerate(places)
        ]
        # The second attempt at each iteration finds what the first has left in its state folder.
        assert [str(outcome.state) for outcome in ended] == [
            "COMPLETE",
            *["FAILED", "COMPLETE"] * 2,
            "COMPLETE",
        ]
        assert finish_run(site.machine("end"), "r1").state is State.COMPLETE
        assert site.text(f"{ended[-1].outputs['joined'][0].uri}/all").startswith("xxx*0.5")
        assert {name.split("/")[1] for name in site.names()} == {"Make", "Train", "Join"}

    def test_the_copies_are_bounded_and_what_is_used_stays(self, site: Site) -> None:
        site.run("r1")
        records = [r for kind in ("Examples", "Model") for r in site.store.artifacts_by_type(kind)]
        copies = site.machine("small", limit=1e-9).copies
        (examples,) = [r for r in records if r.type == "Examples"]
        others = [r for r in records if "/Train/" in r.uri]
        with copies.leased({examples.uri: examples.digest}) as paths:
            for other in others:
                with copies.leased({other.uri: other.digest}) as more:
                    assert Path(more[other.uri], "weights").exists()
            assert Path(paths[examples.uri], "none").exists()
        kept = {p.name for p in copies.folder.iterdir() if not p.name.startswith(".")}
        assert kept <= {examples.digest, others[-1].digest}

    def test_a_wrong_parameter_is_told_before_anything_is_written(self, site: Site) -> None:
        with pytest.raises(ParameterError):
            site.run("r1", rowz=1)
        assert site.names() == []
