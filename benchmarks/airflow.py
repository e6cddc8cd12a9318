"""Cost of Airflow for our pipelines: reading their DAG files, and running their tasks.

Parsing: a DAG of 50 nodes from compiled IR, and folders of 10 and of 100 such DAGs, each time in
a fork that has imported Airflow, as in its DAG processor; beside the import that every DAG file of
TFX begins with, and a DAG of 50 BashOperators. Running: a chain of eight nodes on a real Airflow
(LocalExecutor, PostgreSQL), in interpreters of their own and in the processes of tasks, beside a
chain of eight BashOperators that run `true`. The sides take turns. The time of our last task,
which records the end of the run, is shared out to the nodes.

Needs Airflow (--airflow, the command), and PostgreSQL for the tasks.
"""

from __future__ import annotations

import contextlib
import shutil
import statistics
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from measure import (
    HERE,
    REPOSITORY,
    add_peers,
    arguments,
    check,
    interleave,
    machine,
    our_environment,
    peers,
    print_table,
    run,
    save,
    say,
)

SIDES = HERE / "airflow_sides"
NODES = 8
PARSE_LIMIT, GROWTH_LIMIT, TASK_LIMIT = 0.050, 1.5, 1.0

OURS = """
from pathlib import Path
from mlops_pipeline.runners.airflow import ExecutionConfig, PipelineDag

execution = ExecutionConfig(
    **{where!r}, store={store!r}, root={root!r}, base_dir={base!r},
    environment={{"PYTHONPATH": {imports!r}}},
)
PipelineDag(Path(__file__).with_suffix(".json"), dag_id={dag_id!r}, execution=execution)
"""

BASH = """
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG({dag_id!r}, schedule=None):
    last = None
    for number in range({nodes}):
        task = BashOperator(task_id=f"task_{{number}}", bash_command="true")
        if last is not None:
            last >> task
        last = task
"""


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--airflow", required=True, metavar="FILE", help="the `airflow` command")
    parser.add_argument("--only", choices=("parse", "tasks"), help="one half of it")
    add_peers(parser, ["tfx"])
    given = parser.parse_args()
    say(machine())
    figures: dict[str, Any] = {}
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        if given.only != "tasks":
            figures["parse"], good = parse(given, Path(folder))
            kept = kept and good
        if given.only != "parse":
            figures["tasks"], good = tasks(given, Path(folder))
            kept = kept and good
    save(given.json, figures)
    return 0 if kept else 1


def compiled(given: Any, pipeline: str, folder: Path) -> Path:
    """Return the IR of a pipeline of `pipelines.py`."""
    file = folder / f"{pipeline}.json"
    command = [given.python, "-m", "mlops_pipeline.cli", "compile"]
    source = f"{SIDES / 'pipelines.py'}:{pipeline}"
    run([*command, source, "-o", file], env=our_environment(), cwd=SIDES)
    return file


def write(ir: Path, folder: Path, dag_id: str, **where: str) -> None:
    """Put a DAG file and its IR into a folder; `where` says where its nodes run."""
    shutil.copy(ir, folder / f"{dag_id}.json")
    place = folder.parent / "place" / dag_id
    text = OURS.format(
        where=where,
        store=f"sqlite:///{place}/metadata.db",
        root=str(place / "root"),
        base=str(SIDES),
        imports=our_environment()["PYTHONPATH"],
        dag_id=dag_id,
    )
    (folder / f"{dag_id}.py").write_text(text)


def parse(given: Any, folder: Path) -> tuple[Any, bool]:
    """Measure reading DAG files, ours and others'; return True if the limits are kept."""
    ir = compiled(given, "fifty", folder)
    folders = {count: folder / f"ours_{count}" for count in (1, 10, 100)}
    for count, place in folders.items():
        place.mkdir()
        for number in range(count):
            write(ir, place, f"fifty_{number}", python=given.python)
    own = folder / "own_1"
    own.mkdir()
    write(ir, own, "fifty_own", mode="in_process")
    bash = folder / "bash_1"
    bash.mkdir()
    (bash / "bash.py").write_text(BASH.format(dag_id="bash", nodes=50))
    python = Path(given.airflow).with_name("python")
    environment = {"AIRFLOW_HOME": str(folder / "home"), "PYTHONPATH": str(REPOSITORY)}
    places = [*folders.values(), own, bash]
    tfx = peers(given.peer, ["tfx"]).get("tfx")

    def measure(side: str, index: int) -> dict[str, float]:
        if side == "TFX":
            return {"import": run([str(tfx), "-c", "import tfx.v1"]).wall}
        return dict(run([python, SIDES / "parse.py", "5", *places], env=environment).answer)

    say("\nparse: seconds to read DAG files, by folder")
    figures = interleave(["Airflow", *(["TFX"] if tfx else [])], given.rounds, measure)
    for kind in ("", " cpu"):
        measures = [f"{place.name}{kind}" for place in places]
        print_table(figures, [*measures, *(() if kind else ("import",))], reference="")
    middle = {name: statistics.median(each) for name, each in figures["Airflow"].items()}
    # One thread that reads and computes: on a machine of its own CPU seconds are the seconds.
    growth = (middle["ours_100 cpu"] / 100) / (middle["ours_10 cpu"] / 10)
    one = middle["ours_1 cpu"]
    kept = check("a DAG of 50 nodes, CPU", one * 1000, PARSE_LIMIT * 1000, "ms")
    kept &= check("one DAG of 100, beside one of 10", growth, GROWTH_LIMIT, "times")
    say(machine())
    return figures, kept


def tasks(given: Any, folder: Path) -> tuple[Any, bool]:
    """Measure chains of tasks on a real Airflow; return True if the limit is kept."""
    tests = REPOSITORY / "tests"
    sys.path[:0] = [str(tests / "conformance"), str(tests / "contracts")]
    from airflow_server import AirflowServer
    from postgres_server import find_binaries, postgres_server

    binaries = find_binaries()
    if binaries is None:
        raise SystemExit("PostgreSQL is not installed: give --only parse")
    home = folder / "airflow"
    for dag_id in ("ours", "own"):
        (folder / "place" / dag_id).mkdir(parents=True)
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(postgres_server(binaries, "sesame"))
        url = f"postgresql+psycopg2://owner:sesame@127.0.0.1:{postgres.port}/postgres"
        server = AirflowServer(Path(given.airflow), home, url, imports=str(REPOSITORY))
        stack.callback(server.stop)
        dags = folder / "dags"
        dags.mkdir()
        chain = compiled(given, "chain", folder)
        write(chain, dags, "ours", python=given.python)
        write(chain, dags, "own", mode="in_process")
        (dags / "bash.py").write_text(BASH.format(dag_id="bash", nodes=NODES))
        shutil.copytree(dags, server.dags, dirs_exist_ok=True)
        server.start()
        for dag_id in ("ours", "own", "bash"):
            server.wait_for_dag(dag_id)
            run_once(server, dag_id, "warm", {})

        def measure(side: str, index: int) -> dict[str, float]:
            # Another start, so that no node comes from the cache.
            conf = {"start": 1000 * (index + 1)} if side != "bash" else {}
            return run_once(server, side, f"r{index}", conf)

        say(f"\ntasks: seconds of a chain of {NODES}")
        figures = interleave(["bash", "ours", "own"], given.rounds, measure)
    print_table(figures, ["run", "per task", "in task"], reference="bash")
    middle = {side: statistics.median(found["run"]) for side, found in figures.items()}
    kept = True
    for side, what in (("ours", "added to each task"), ("own", "the same, in its own process")):
        kept &= check(what, (middle[side] - middle["bash"]) / NODES, TASK_LIMIT, "s")
    say(machine())
    return figures, kept


def run_once(server: Any, dag_id: str, run_id: str, conf: dict[str, Any]) -> dict[str, float]:
    """Run a DAG; seconds of the run, for each node, and inside a task."""
    server.trigger(dag_id, run_id, conf)
    state = server.wait_for_run(dag_id, run_id)
    if state != "success":
        raise SystemExit(f"{dag_id}: {state}\n{server.explain(dag_id, run_id)}")
    found = server.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")
    begin, end = (datetime.fromisoformat(found[name]) for name in ("start_date", "end_date"))
    seconds = (end - begin).total_seconds()
    each = [task["duration"] for task in server.tasks(dag_id, run_id).values()]
    return {"run": seconds, "per task": seconds / NODES, "in task": statistics.median(each)}


if __name__ == "__main__":
    sys.exit(main())
