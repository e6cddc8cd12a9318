"""A process with a store, for tests: takes one JSON command a line, answers with one line.

Not a test module: the tests start it with the URL of the store.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.store import ArtifactRecord, Execution, MetadataStore, Run, State, open_store


class Retries(logging.Handler):
    """Counts how often the library found another writer in its way."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1


def start(name: str, **changes: Any) -> Execution:
    return replace(
        Execution("pets.Train", "pets", "run", "train", State.RUNNING, name=name), **changes
    )


def model(name: str) -> ArtifactRecord:
    return ArtifactRecord("Model", f"/models/{name}", name=name, properties={"score": 1 / 3})


def write(store: MetadataStore, name: str) -> int:
    """Claim and publish, with an input and two outputs."""
    claim = start(name, run_id=f"run-{name}", cache_key=f"key-{name}", parameters={"third": 1 / 3})
    inputs = {"base": [a.id for a in store.artifacts_by_type("Base", limit=1)]}
    running, _ = store.put_execution(claim, inputs=inputs)
    outputs = {"model": [model(name + "-0"), model(name + "-1")]}
    store.put_execution(replace(running, state=State.COMPLETE), outputs=outputs)
    return running.id


def attempt(store: MetadataStore, command: dict[str, Any]) -> str:
    """One side of a race; answers `won` or the name of the error."""
    try:
        if command["race"] == "claim":
            store.put_execution(start(command["name"]))
        elif command["race"] == "begin":
            store.put_run(Run(command["name"], "pets"), new=True)
        elif command["race"] == "publish":
            done = start("", state=State.COMPLETE)
            store.put_execution(done, outputs={"model": [model(command["name"])]})
        else:
            (running,) = store.executions([command["id"]])
            store.put_execution(replace(running, state=State.FAILED, error="reaped"))
    except PipelineError as error:
        return type(error).__name__
    return "won"


def end(store: MetadataStore, command: dict[str, Any]) -> str:
    """End a RUNNING execution; answers `won` or the name of the error."""
    state = State(command["state"])
    outputs = {"model": [model(name) for name in command.get("outputs", ())]}
    try:
        (running,) = store.executions([command["id"]])
        store.put_execution(
            replace(running, state=state, error=command.get("error", "")),
            outputs={key: found for key, found in outputs.items() if found},
        )
    except PipelineError as error:
        return type(error).__name__
    return "won"


class Pause:
    """Stops before a write whose conditions are met, until the next line comes."""

    wanted = False

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if self.wanted and event == "mlops.step" and args[0] == "store.checked":
            self.wanted = False
            say("checked")
            sys.stdin.readline()


pause = Pause()


def answers(store: MetadataStore, command: dict[str, Any], retries: Retries) -> Iterator[Any]:
    do = command["do"]
    if do == "write":
        for number in range(command["count"]):
            yield write(store, f"{command['name']}-{number}")
    elif do == "race":
        yield attempt(store, command)
    elif do == "end":
        pause.wanted = command.get("pause", False)
        yield end(store, command)
    elif do == "beat":
        for _ in range(command["count"]):
            store.heartbeat(command["id"])
        yield "done"
    elif do == "run":
        run = Run(command["id"], command["pipeline"], parameters={"by": command["by"]})
        store.put_run(run)
        store.put_execution(start("", pipeline=run.pipeline, run_id=run.id))
        yield "done"
    elif do == "retries":
        yield retries.count
    elif do == "names":
        yield [a.name for a in store.artifacts_by_type("Model", limit=10_000)]
    elif do == "reopen":
        again = open_store(sys.argv[1])
        again.close()
        yield "done"


def say(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    retries = Retries()
    logger = logging.getLogger("mlops_metadata.library")
    logger.addHandler(retries)
    logger.setLevel(logging.DEBUG)
    sys.addaudithook(pause)
    store = open_store(sys.argv[1])
    say("open")
    while line := sys.stdin.readline():
        for answer in answers(store, json.loads(line), retries):
            say(answer)
    store.close()


if __name__ == "__main__":
    main()
