"""The penguin pipeline: ours, the same calls in one plain script, and TFX.

  first      a new process on an empty folder, from the CSV file to the pushed model: seconds
  cached     a new process, nothing changed: seconds; of ours it is checked that no node runs,
             and (in a further pair of runs) that no process imports a heavy package
  work       the same without the imports of the libraries, where the side tells it apart

Sides: `ours` (`mlops run`, records in SQLite), `plain` (penguin_plain.py: the library calls with
Beam's own runner), `plain, our Beam runner` (the same with the runner of our components: what is
left is the framework), `tfx` (penguin_tfx.py, LocalDagRunner with its records in SQLite).
Training steps, features, model and metrics are the same everywhere: pipelines/penguin.

  python benchmarks/penguin.py --peer tfx=envs/tfx/bin/python --rounds 3
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from measure import (
    HERE,
    REPOSITORY,
    Cost,
    SideFailed,
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

PIPELINE = REPOSITORY / "pipelines" / "penguin"
HEAVY = ("tensorflow", "keras", "apache_beam", "tensorflow_data_validation", "pandas", "numpy")
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
HOOK = """
import os, sys
names = set(os.environ["WATCHED"].split(","))
def note(event, args):
    if event == "import" and args[0] in names:
        with open(os.environ["IMPORT_LOG"], "a") as log:
            log.write(args[0] + "\\n")
sys.addaudithook(note)
"""

Act = Callable[[Path], Cost]


def ours(options: Any) -> Act:
    """Run `mlops run pipelines/penguin` with a store and a root of its own."""

    def act(folder: Path) -> Cost:
        command = [options.python, "-m", "mlops_pipeline.cli", "run", PIPELINE, "--json"]
        place = ["--store", f"sqlite:///{folder}/metadata.db", "--root", folder / "artifacts"]
        where = ["-p", f"serving_dir={folder}/serving", "-p", f"train_steps={options.steps}"]
        env = {**our_environment(), **QUIET, **options.extra}
        return run([*command, *place, *where], env=env, cwd=folder)

    return act


def script(python: str, name: str, options: Any, *flags: str) -> Act:
    """Return one of the scripts beside this one."""

    def act(folder: Path) -> Cost:
        steps = ["--train-steps", str(options.steps), *flags]
        return run([python, HERE / name, data(folder), folder, *steps], env=QUIET, cwd=folder)

    return act


def data(folder: Path) -> Path:
    """Return the CSV files for TFX: no other files, and empty texts for missing values."""
    place = folder / "data"
    if not place.exists():
        place.mkdir()
        for file in sorted((PIPELINE / "data").glob("*.csv")):
            rows = file.read_text().splitlines()
            cells = [["" if cell == "NA" else cell for cell in row.split(",")] for row in rows]
            (place / file.name).write_text("".join(",".join(row) + "\n" for row in cells))
    return place


def measure(act: Act, *, again: bool) -> dict[str, float]:
    """Run one round of a side."""
    folder = Path(tempfile.mkdtemp(prefix="penguin-"))
    try:
        first = act(folder)
        pushed = len(list((folder / "serving").glob("*/saved_model.pb")))
        if pushed != 1:
            raise SideFailed(f"{pushed} models were pushed: {first.text[-1500:]}")
        found = {"first s": first.wall, "first CPU s": first.cpu}
        imports = first.answer.get("import") or first.answer.get("steps", {}).get("import")
        if imports:
            found["work s"] = first.wall - float(imports)
        if again:
            cached = act(folder)
            if "--json" in cached.command and ran(cached):
                raise SideFailed(f"not from the cache: {', '.join(ran(cached))}")
            found |= {"cached s": cached.wall, "cached CPU s": cached.cpu}
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def ran(cost: Cost) -> list[str]:
    """Return the nodes of a run of ours that were not taken from the cache."""
    start = cost.text.find("{\n")
    if start < 0:
        raise SideFailed(f"no JSON in: {cost.text[-500:]}")
    answer = json.JSONDecoder().raw_decode(cost.text, start)[0]
    return [node["name"] for node in answer["nodes"] if node["decision"] != "cached"]


def imported_when_cached(options: Any) -> list[str]:
    """List the heavy packages that a fully cached run of ours imports."""
    with tempfile.TemporaryDirectory(prefix="penguin-") as place:
        folder, hook = Path(place), Path(place) / "hook"
        hook.mkdir()
        (hook / "sitecustomize.py").write_text(HOOK)
        roots = our_environment()["PYTHONPATH"]
        log = folder / "imported"
        watched = {"PYTHONPATH": f"{hook}{os.pathsep}{roots}", "WATCHED": ",".join(HEAVY)}
        options.extra = {**watched, "IMPORT_LOG": str(log)}
        ours(options)(folder)
        if "tensorflow" not in log.read_text().split():
            raise SideFailed("the hook does not see what workers import")
        log.write_text("")
        ours(options)(folder)
        options.extra = {}
        return sorted(set(log.read_text().split()))


def main() -> int:
    parser = arguments(__doc__)
    add_peers(parser, ("tfx",))
    parser.add_argument("--steps", type=int, default=200, help="training steps (default: 200)")
    parser.add_argument("--only", help="comma-separated names of sides")
    options = parser.parse_args()
    options.extra = {}
    found = peers(options.peer, ("tfx",))
    sides = {
        "ours": ours(options),
        "plain": script(options.python, "penguin_plain.py", options),
        "plain our Beam": script(options.python, "penguin_plain.py", options, "--beam=memory"),
    }
    if "tfx" in found:
        sides["tfx"] = script(found["tfx"], "penguin_tfx.py", options)
    if options.only:
        sides = {name: sides[name] for name in options.only.split(",")}
    say(f"penguin, {options.steps} training steps; {machine()}")
    figures = interleave(
        sides, options.rounds, lambda n, _: measure(sides[n], again=not n.startswith("plain"))
    )
    measures = ("first s", "first CPU s", "work s", "cached s", "cached CPU s")
    print_table(figures, measures, reference="ours")
    say(f"medians of {options.rounds} rounds, in brackets the ratio to ours; {machine()}")
    save(options.json, figures)
    return judge(figures, imported_when_cached(options) if "ours" in sides else [])


def judge(figures: dict[str, Any], heavy: list[str]) -> int:
    """Compare with what must be reached; 0 if all is."""
    first = {name: median(f["first s"]) for name, f in figures.items() if f.get("first s")}
    kept = []
    if "ours" in first:
        kept += [check("cached, new process", median(figures["ours"]["cached s"]), 1.5, "s")]
        kept += [check("heavy packages imported when cached", len(heavy), 0)]
        if heavy:
            say(f"  imported: {', '.join(heavy)}")
        for other, limit in (("plain", 1.3), ("plain our Beam", 1.3), ("tfx", 1 / 3)):
            if other in first:
                kept += [check(f"first run: ours / {other}", first["ours"] / first[other], limit)]
    return 0 if kept and all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
