"""Number of framework functions, files and frames that two trivial nodes run through.

Two components, the second reading what the first wrote, run in process on an MLMD store. From
`run` to its return, `sys.setprofile` notes every function of mlops_pipeline and mlops_metadata
that is entered, and how many of them are on the stack when a component's function is. Lambdas and
comprehensions count as functions; `named` leaves them out, and `beside the store` leaves out
mlops_metadata. `between files` are the calls whose nearest framework frame above is in another
file, or that have none above. Peers that have an interpreter do the same job under the same count.

  python benchmarks/calls.py [--peer hamilton=envs/hamilton/bin/python] [--list]

Measured twice in one process: `first` loads modules as it goes, `second` is what a run costs.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

LIMITS = {"named": 175, "files": 28, "frames": 8, "between files": 350}
PEERS = ("hamilton", "kedro")
SHOWN = ("functions", "named", "files", "frames", "calls", "between files", "beside the store")


class Count:
    """Counts the calls of functions whose files lie in certain packages."""

    def __init__(self, packages: tuple[str, ...]) -> None:
        self.packages = tuple(f"/{name.strip('/')}/" for name in packages)
        self.codes: dict[CodeType, int] = {}
        self.frames = 0
        self.calls = 0
        self.between: dict[tuple[str, str], int] = {}

    def ours(self, code: CodeType) -> bool:
        """Return True if the framework has this code."""
        return any(part in code.co_filename for part in self.packages)

    def event(self, frame: FrameType, kind: str, _: Any) -> None:
        """Count a call; `sys.setprofile` calls this."""
        if kind == "call" and self.ours(frame.f_code):
            self.calls += 1
            self.codes[frame.f_code] = self.codes.get(frame.f_code, 0) + 1
            above = self._caller(frame)
            if above != frame.f_code.co_filename:
                pair = (above, frame.f_code.co_filename)
                self.between[pair] = self.between.get(pair, 0) + 1

    def _caller(self, frame: FrameType) -> str:
        """The file of the nearest frame above that the framework wrote; empty for none."""
        above = frame.f_back
        while above is not None and not self.ours(above.f_code):
            above = above.f_back
        return "" if above is None else above.f_code.co_filename

    def reached(self) -> None:
        """Count the framework's frames above the user's function, which calls this."""
        frame, depth = sys._getframe(), 0
        while (above := frame.f_back) is not None:
            depth += self.ours(above.f_code)
            frame = above
        self.frames = max(self.frames, depth)

    def during(self, work: Callable[[], object]) -> dict[str, Any]:
        """Count while `work` runs."""
        sys.setprofile(self.event)
        try:
            work()
        finally:
            sys.setprofile(None)
        return self.result()

    def result(self) -> dict[str, Any]:
        """Count distinct functions and their files, frames, and calls in all."""
        found = {
            (code.co_filename, getattr(code, "co_qualname", code.co_name)) for code in self.codes
        }
        named = {(file, name) for file, name in found if not name.endswith(">")}
        return {
            "functions": len(found),
            "named": len(named),
            "files": len({file for file, _ in named}),
            "frames": self.frames,
            "calls": self.calls,
            "between files": sum(self.between.values()),
            "beside the store": len([f for f, _ in found if "/mlops_metadata/" not in f]),
            "names": sorted(f"{_short(f)}: {name}" for f, name in named),
            "pairs": [
                f"{count:5} {_short(above) or 'outside'} -> {_short(file)}"
                for (above, file), count in sorted(self.between.items(), key=lambda kv: -kv[1])
            ],
        }


def _short(file: str) -> str:
    return "/".join(file.split("/")[-2:])


def twice(packages: tuple[str, ...], work: Callable[[Count, int], Callable[[], object]]) -> None:
    """Print the counts of a first and a second run as JSON."""
    found = {}
    for index, name in enumerate(("first", "second")):
        count = Count(packages)
        found[name] = count.during(work(count, index))
    sys.stdout.write("\n" + json.dumps(found) + "\n")


def main() -> int:
    from measure import add_peers, arguments, check, machine, our_environment, peers, run, save, say

    parser = arguments(__doc__)
    add_peers(parser, PEERS)
    parser.add_argument(
        "--list", action="store_true", help="print our functions, and the calls between our files"
    )
    options = parser.parse_args()
    found = peers(options.peer, PEERS)
    sides = {"ours": options.python, **found}
    folder = Path(__file__).resolve().parent / "calls_sides"
    figures: dict[str, Any] = {}
    for name, python in sides.items():
        with tempfile.TemporaryDirectory() as place:
            command = [python, folder / f"side_{name}.py", place]
            env = our_environment() if name == "ours" else {}
            figures[name] = run(command, env=env, cwd=Path(place)).answer
    say(f"distinct framework functions for two trivial nodes; {machine()}")
    for name, runs in figures.items():
        for which, count in runs.items():
            numbers = ", ".join(f"{count[k]} {k}" for k in SHOWN)
            say(f"{name:>9} {which:>6}: {numbers}")
    if options.list:
        say("\n".join(figures["ours"]["second"]["names"]))
        say("\n".join(figures["ours"]["second"]["pairs"]))
    save(options.json, figures)
    second = figures["ours"]["second"]
    kept = [check(name, second[name], limit) for name, limit in LIMITS.items()]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
