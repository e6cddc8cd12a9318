"""One side of `events.py`: prints the milliseconds of a node, with or without its events."""

from __future__ import annotations

import json
import socket
import sys
import tempfile
import time
from pathlib import Path

from mlops_pipeline import ForEach, component, pipeline
from mlops_pipeline.authoring import located
from mlops_pipeline.openlineage import recorded
from mlops_pipeline.run_state import Workspace
from mlops_pipeline.runners import local
from mlops_pipeline.settings import Settings
from mlops_pipeline.store import open_store

NUMBERS = 100


@component
def Square(number: int) -> int:
    return number * number


@component
def Twice(number: int) -> int:
    return number * 2


@pipeline
def squares(numbers: list[int]) -> None:
    with ForEach(numbers) as number:
        Twice(number=Square(number=number).outputs.output.value)


def main(kind: str) -> None:
    """Run the pipeline twice, and print what a node took."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}" if kind == "away" else ""
        spool = f"{folder}/spool" if kind != "off" else ""
        settings = Settings(openlineage_spool=spool, openlineage_url=url)
        store = recorded(open_store(f"sqlite:///{folder}/m.db"), settings)
        here = Path(__file__).parent
        workspace = Workspace(store, f"{folder}/root", here, (str(here),))
        ir = located(squares).compile()
        begun, clock = time.process_time(), time.perf_counter()
        for run_id in ("cold", "cached"):
            options = local.RunOptions(in_process=True)
            parameters = {"numbers": list(range(NUMBERS))}
            result = local.run(ir, run_id, workspace, parameters=parameters, options=options)
            assert not result.failed
        nodes = 4 * NUMBERS / 1000
        cpu, wall = time.process_time() - begun, time.perf_counter() - clock
        print(json.dumps({"cpu ms": cpu / nodes, "wall ms": wall / nodes}))
        store.close()


if __name__ == "__main__":
    main(sys.argv[1])
