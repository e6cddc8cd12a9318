"""Reads DAG files as Airflow's DAG processor does: each time in a fork that has imported Airflow.

Arguments: how often, and folders of DAG files. Prints, by folder, the median seconds that the
files took with all that they import, wall and CPU. Started with the interpreter of Airflow.
"""

import json
import os
import runpy
import statistics
import sys
import time
from pathlib import Path

import airflow.dag_processing.processor  # noqa: F401 - what forks has imported this


def main() -> None:
    times, *folders = sys.argv[1:]
    found: dict[str, list[list[float]]] = {folder: [] for folder in folders}
    # In turn, so that a busy minute of the machine falls on all of them.
    for _ in range(int(times)):
        for folder in folders:
            found[folder].append(in_fork(sorted(map(str, Path(folder).glob("*.py")))))
    medians = {}
    for name, each in found.items():
        wall, cpu = (statistics.median(times) for times in zip(*each, strict=True))
        medians |= {Path(name).name: wall, f"{Path(name).name} cpu": cpu}
    print(json.dumps(medians))


def in_fork(files: list[str]) -> list[float]:
    """Measure the seconds that files take in a process of their own, wall and CPU."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        begin = time.perf_counter(), time.process_time()
        for file in files:
            runpy.run_path(file)
        end = time.perf_counter(), time.process_time()
        took = [after - before for after, before in zip(end, begin, strict=True)]
        os.write(writer, json.dumps(took).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        text = told.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise SystemExit(f"{files[0]} cannot be read")
    return [float(each) for each in json.loads(text)]


main()
