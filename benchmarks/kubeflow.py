"""Time to compile 500 nodes for Kubeflow, and the size of the result.

Beside the kfp SDK, with 500 container tasks of the same inputs, order and options.

  seconds     a whole process, from its start to the file on the disk
  compile s   the same less a process that only starts and imports (`mlops compile --help`, `import
              kfp`): what depends on the pipeline
  file KB     the file as it is written
  plain KB    the same as compact JSON
  argo KB     what Kubernetes must hold, by the rules of Kubeflow's compiler for Argo: all
              components, containers and pod settings once, and for each task its spec, twice a
              template call; without the state of the run

Limits: 1 s, and 1.5 MiB for one object in etcd. Figures of `argo KB` are counted, not measured on
a cluster.

  python benchmarks/kubeflow.py --python .venvs/light/bin/python \
      --peer kfp=.venvs/kubeflow/bin/python
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import (
    HERE,
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

SIDES = HERE / "kubeflow_sides"
OURS = "ours"
TASKS = 500
ETCD = 1.5 * 1024
CALL = 900
"""Bytes of the two calls (driver and executor) in Argo's template for a task, beside its spec."""

READ = """
import json, sys, yaml
loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
json.dump(list(yaml.load_all(open(sys.argv[1]), loader)), sys.stdout)
"""


@dataclass(frozen=True)
class Side:
    """Commands with which one side compiles, and starts without compiling."""

    compile: tuple[str, ...]
    idle: tuple[str, ...]
    env: Mapping[str, str]


def sides(python: str, kfp: str, folder: Path) -> dict[str, Side]:
    found = {}
    flags = ("--image", "registry.example.com/team/chains:1", "--image-dir", "/app")
    place = ("--store", "mysql://mlmd@db/mlmd", "--root", "s3://bucket/artifacts")
    ours = (python, "-m", "mlops_pipeline.cli", "compile")
    target = ("--to", "kubeflow", "-o", str(folder / f"{OURS}.yaml"))
    source = str(SIDES / "pipeline.py")
    found[OURS] = Side(
        (*ours, source, *target, *flags, *place), (*ours, "--help"), our_environment()
    )
    if kfp:
        script = (kfp, str(SIDES / "kfp_side.py"), str(folder / "kfp.yaml"))
        found["kfp"] = Side(script, (kfp, "-c", "from kfp import compiler, dsl"), {})
    return found


def documents(file: Path, reader: str) -> list[dict[str, Any]]:
    """Return the documents of a package: JSON, or YAML by an interpreter with PyYAML."""
    text = file.read_text()
    if text.startswith("{"):
        return [json.loads(part) for part in text.split("\n---\n")]
    found: list[dict[str, Any]] = json.loads(run([reader, "-c", READ, file]).text)
    return found


def compact(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":"), sort_keys=True))


def argo(spec: Mapping[str, Any], platforms: list[Any]) -> int:
    """Return bytes of the Workflow that Kubeflow makes of a spec, without the state of its run."""
    containers = {
        json.dumps(each, sort_keys=True): each
        for each in spec["deploymentSpec"]["executors"].values()
    }
    total = sum(map(compact, containers.values())) + sum(map(compact, platforms))
    seen = set()
    for name, component in [("root", spec["root"]), *spec["components"].items()]:
        label = component.get("executorLabel")
        container = json.dumps(spec["deploymentSpec"]["executors"].get(label, name), sort_keys=True)
        if container not in seen:
            seen.add(container)
            # A text in JSON: each quote has a backslash.
            total += len(json.dumps(json.dumps(component, separators=(",", ":"))))
        for task in component.get("dag", {}).get("tasks", {}).values():
            total += CALL + len(json.dumps(json.dumps(task, separators=(",", ":"))))
    return total


def main() -> int:
    parser = arguments(__doc__)
    add_peers(parser, ["kfp"])
    given = parser.parse_args()
    kfp = peers(given.peer, ["kfp"]).get("kfp", "")
    with tempfile.TemporaryDirectory(prefix="kubeflow-") as name:
        folder = Path(name)
        found = sides(given.python, kfp, folder)

        def measure(side: str, _: int) -> dict[str, float]:
            idle = run(found[side].idle, env=found[side].env)
            done = run(found[side].compile, env=found[side].env)
            spec, *platforms = documents(folder / f"{side}.yaml", kfp or sys.executable)
            tasks = [
                task
                for component in [spec["root"], *spec["components"].values()]
                for task in component.get("dag", {}).get("tasks", {}).values()
            ]
            assert len(tasks) in (TASKS, TASKS + 3), f"{side} has {len(tasks)} tasks"
            return {
                "seconds": done.wall,
                "CPU s": done.cpu,
                "compile s": max(done.wall - idle.wall, 0.0),
                "compile CPU s": max(done.cpu - idle.cpu, 0.0),
                "file KB": (folder / f"{side}.yaml").stat().st_size / 1024,
                "plain KB": sum(map(compact, [spec, *platforms])) / 1024,
                "argo KB": argo(spec, platforms) / 1024,
            }

        # The first compiles bytecode and fills the page cache.
        for side in found:
            measure(side, 0)
        figures = interleave(found, given.rounds, measure)
    names = ("seconds", "CPU s", "compile s", "compile CPU s", "file KB", "plain KB", "argo KB")
    print_table(figures, names, reference=OURS)
    say(machine())
    save(given.json, figures)
    ours = {key: statistics.median(values) for key, values in figures[OURS].items()}
    kept = [
        check("whole process", ours["seconds"], 1.0, "s"),
        check("object in Kubernetes", ours["argo KB"], ETCD, "KiB"),
    ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
