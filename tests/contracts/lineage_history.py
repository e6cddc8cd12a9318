"""What the tests of mlops_pipeline/inspection share."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_pipeline.store import ArtifactRecord, Execution, MemoryStore, State


class History:
    """Writes executions into a store, one line each."""

    def __init__(self) -> None:
        self.store = MemoryStore()

    def add(
        self,
        node: str,
        *,
        reads: Sequence[int] = (),
        writes: str = "",
        hands_on: Sequence[int] = (),
        run: str = "r1",
        state: State = State.COMPLETE,
    ) -> tuple[int, list[int]]:
        outputs = [ArtifactRecord(type=writes, uri=f"/{node}/{run}")] if writes else []
        outputs += self.store.artifacts(hands_on)
        execution, written = self.store.put_execution(
            Execution(component=node, pipeline="p", run_id=run, node_id=node, state=state),
            inputs={"x": list(reads)},
            outputs={"y": outputs} if outputs else {},
        )
        return execution.id, [a.id for a in written.get("y", [])]

    def make(self, node: str, *, reads: Sequence[int] = (), writes: str, run: str = "r1") -> int:
        return self.add(node, reads=reads, writes=writes, run=run)[1][0]
