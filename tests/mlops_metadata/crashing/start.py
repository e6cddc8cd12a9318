"""Runs the pipeline beside this file, and kills the process at a step of the node `Train`.

start.py STORE ROOT RUN_ID [STEP | kill:FILE] [GATE]
"""

import os
import signal
import sys
from pathlib import Path

from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.authoring import load_pipeline
from mlops_pipeline.run_state import Workspace
from mlops_pipeline.runners import local

HERE = Path(__file__).parent


def main(store_url: str, root: str, run_id: str, how: str = "", gate: str = "") -> int:
    if how and not how.startswith("kill:"):
        sys.addaudithook(lambda event, args: kill(how, event, args))
    loaded = load_pipeline(str(HERE), project=HERE)
    workspace = Workspace(open_sqlite(store_url), root, HERE, loaded.import_paths)
    # What the executor is killed by is no different work: the parameter is the same in all runs.
    beside = Path(store_url.removeprefix("sqlite:///")).parent
    parameters = {"kill": str(beside / "kill"), "gate": gate}
    options = local.RunOptions(in_process=how.startswith("kill:"))
    result = local.run(loaded.compile(), run_id, workspace, parameters=parameters, options=options)
    sys.stdout.write(" ".join(f"{o.node_id}={o.state}" for o in result.outcomes))
    return 0 if not result.failed else 1


def kill(step: str, event: str, args: tuple[object, ...]) -> None:
    if event == "mlops.step" and args == (step, "Train"):
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
