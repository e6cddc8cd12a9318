"""The same small job in our framework, in plain functions, and in peers.

70 nodes (a chain of 20 feeding 1 + 48 + 1), each reading and writing a small artifact; see
nodes70_sides/job.py. Every side is a whole process on a folder of its own, the sides take turns,
and every result is checked: the text of the last node, and how many nodes really ran.

  cold      a new process on an empty folder: seconds (a peer that sets up a database once is
            let do so before)
  warm      a second run with other data in the same process: milliseconds a node
  cached    a new process, nothing changed: seconds, no node may run
  resume    the last node failed; a new process goes on: seconds, exactly one node may run
  memory    MB at the peak of a cold process with all its children (one extra run, with --memory)

Wall and CPU time are both given. Folders are made where TMPDIR says. Ratios are to the side
`ours` (records in SQLite, nodes in warm worker processes); the side `ours in process` runs the
nodes in the process of the runner.

  python benchmarks/nodes70.py --peer hamilton=envs/hamilton/bin/python --rounds 5
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from measure import (
    HERE,
    Cost,
    SideFailed,
    add_peers,
    arguments,
    check,
    interleave,
    machine,
    our_environment,
    peak_memory,
    peers,
    print_table,
    run,
    save,
    say,
)

SIDES = HERE / "nodes70_sides"
NODES = 70
PEERS = ("hamilton", "kedro", "zenml")
WALL = ("cold s", "warm ms/node", "cached s", "resume s", "memory MB")
CPU = ("cold CPU s", "warm CPU ms/node", "cached CPU s", "resume CPU s")
LIMITS = {"cold s": 1.5, "warm ms/node": 10, "cached s": 0.8, "resume s": 1.0}


@dataclass(frozen=True)
class Side:
    """One competitor: its interpreter, its script, and whether it can reuse results."""

    name: str
    python: str
    script: str
    env: Mapping[str, str]
    reuses: bool = True


class Folder:
    """A folder of one side's runs, with a count of the nodes that really ran in it."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.path = Path(tempfile.mkdtemp(prefix="nodes70-"))
        self.log = self.path / "executed.log"
        self.log.touch()
        self.env = {**side.env, "NODES70_LOG": str(self.log)}

    def __enter__(self) -> Folder:
        self.act("prepare")
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def command(self, action: str) -> list[str]:
        """Return the command line of the side."""
        return [self.side.python, str(SIDES / self.side.script), str(self.path), action]

    def act(self, action: str, *, nodes: int | None = None, fail: bool = False) -> Cost:
        """Run the side, and check that it executed `nodes` nodes and got the right text."""
        before = self.count()
        env = {**self.env, **({"NODES70_FAIL": "1"} if fail else {})}
        cost = run(self.command(action), env=env, may_fail=fail)
        ran = self.count() - before
        if nodes is not None and ran != nodes:
            raise SideFailed(f"{self.side.name} {action}: {ran} nodes ran, not {nodes}")
        if action != "prepare" and not fail and not cost.answer.get("right"):
            raise SideFailed(f"{self.side.name} {action}: the last node wrote something else")
        return cost

    def count(self) -> int:
        """Return the number of nodes that have run so far."""
        return self.log.read_bytes().count(b"\n")


def measure(side: Side) -> dict[str, float]:
    """Measure one round."""
    found: dict[str, float] = {}
    with Folder(side) as folder:
        cold = folder.act("once", nodes=NODES)
        found |= {"cold s": cold.wall, "cold CPU s": cold.cpu}
        if side.reuses:
            cached = folder.act("once", nodes=0)
            found |= {"cached s": cached.wall, "cached CPU s": cached.cpu}
    with Folder(side) as folder:
        warm = folder.act("twice", nodes=2 * NODES)
        found["warm ms/node"] = float(warm.answer["wall"]) / NODES * 1000
        found["warm CPU ms/node"] = float(warm.answer["cpu"]) / NODES * 1000
    if side.reuses:
        with Folder(side) as folder:
            folder.act("once", nodes=NODES, fail=True)
            resumed = folder.act("resume", nodes=1)
            found |= {"resume s": resumed.wall, "resume CPU s": resumed.cpu}
    return found


def memory(side: Side) -> float:
    """Measure the peak memory of a cold process."""
    with Folder(side) as folder:
        return peak_memory(folder.command("once"), env=folder.env)


def sides(python: str, found: Mapping[str, str]) -> dict[str, Side]:
    """Return ours, the floor, and those peers that have an interpreter."""
    ours = our_environment()
    known = [
        Side("ours", python, "side_ours.py", ours),
        Side("ours in process", python, "side_ours.py", {**ours, "NODES70_IN_PROCESS": "1"}),
        Side("plain functions", python, "side_plain.py", {}, reuses=False),
    ]
    known += [Side(name, found[name], f"side_{name}.py", {}) for name in PEERS if name in found]
    return {side.name: side for side in known}


def main() -> int:
    parser = arguments(__doc__)
    add_peers(parser, PEERS)
    parser.add_argument("--only", help="comma-separated names of sides")
    parser.add_argument("--memory", action="store_true", help="measure memory, once a side")
    options = parser.parse_args()
    chosen = sides(options.python, peers(options.peer, PEERS))
    if options.only:
        chosen = {name: chosen[name] for name in options.only.split(",")}
    say(f"{NODES} nodes; {machine()}")
    figures = interleave(chosen, options.rounds, lambda name, _: measure(chosen[name]))
    if options.memory:
        for name, side in chosen.items():
            figures[name]["memory MB"] = [memory(side)]
    say()
    print_table(figures, WALL, reference="ours")
    say("\nCPU seconds, which another program on the machine hardly changes:")
    print_table(figures, CPU, reference="ours")
    say(f"medians of {options.rounds} rounds, in brackets the ratio to ours; {machine()}")
    save(options.json, figures)
    return judge(figures.get("ours", {}))


def judge(ours: Mapping[str, list[float]]) -> int:
    """Compare our medians with what they must reach; 0 if all do."""
    from statistics import median

    kept = [check(m, median(ours[m]), limit) for m, limit in LIMITS.items() if m in ours]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    sys.exit(main())
