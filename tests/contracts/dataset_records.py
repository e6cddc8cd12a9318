"""What the tests of mlops_pipeline/inspection share."""

from __future__ import annotations

from typing import Any

from mlops_pipeline.store import ArtifactRecord, Execution, MemoryStore, State


class Records:
    """A store that is filled execution by execution."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.count = 0

    def run(
        self,
        node: str,
        inputs: dict[str, int] | None = None,
        outputs: dict[str, str] | None = None,
        **properties: Any,
    ) -> Any:
        """Record a node; returns the ids of its outputs, or the only one."""
        self.count += 1
        digest = properties.pop("digest", f"d{self.count}")
        done = Execution(
            "c", "taxi", properties.pop("run_id", f"r{self.count}"), node, State.COMPLETE
        )
        written = {
            key: [
                ArtifactRecord(kind, f"/{self.count}/{key}", digest=digest, properties=properties)
            ]
            for key, kind in (outputs or {}).items()
        }
        read = {key: [number] for key, number in (inputs or {}).items()}
        _, stored = self.store.put_execution(done, inputs=read, outputs=written)
        ids = [records[0].id for records in stored.values()]
        return ids[0] if len(ids) == 1 else ids

    def examples(self, span: int = 0, **properties: Any) -> int:
        known = {"span": span, "split_names": '["train"]', "input_fingerprint": "f"}
        found: int = self.run("Gen", outputs={"examples": "Examples"}, **{**known, **properties})
        return found

    def train(self, examples: int, **inputs: int) -> int:
        read = {"examples": examples, **inputs}
        found: int = self.run("Trainer", read, {"model": "Model"})
        return found

    def reuse(self, artifact: int, key: str = "examples") -> None:
        """Record that a further run took an artifact from the cache."""
        self.count += 1
        cached = Execution("c", "taxi", f"r{self.count}", "Gen", State.CACHED)
        self.store.put_execution(cached, outputs={key: self.store.artifacts([artifact])})
