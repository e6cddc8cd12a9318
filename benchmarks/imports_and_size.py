"""Weight of the framework: import time, size on disk, and the CLI on a large store.

  import     `import mlops_pipeline` in a new process, beside an empty Python: seconds; names
             are loaded when they are asked for, so what authors use is timed as well
  size       MB and packages of a new environment with the base install, and with the local
             store; bytecode included, pip and setuptools left out
  help       `mlops --help`: seconds
  runs       `mlops runs` on a store of 10,000 executions: seconds

The two environments are made anew from this checkout (`python -m venv`, then pip, which needs a
package index), or given as interpreters:

  python benchmarks/imports_and_size.py --base envs/base/bin/python --local envs/local/bin/python

Made environments have our packages installed, as a user has them. The large store is made once
and kept if `--store` names a folder.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from measure import (
    HERE,
    REPOSITORY,
    arguments,
    check,
    full_environment,
    interleave,
    machine,
    print_table,
    run,
    save,
    say,
)

LIMITS = {
    "import s": 0.15,
    "all names s": 0.15,
    "base MB": 30,
    "base packages": 12,
    "local MB": 100,
    "runs s": 0.5,
}
NOT_OURS = re.compile(r"^(pip|setuptools|wheel|_distutils_hack|distutils-precedence|pkg_resources)")
EXECUTIONS = 10_000
AUTHORS_SIDE = "import what authors use"
AUTHORS = "from mlops_pipeline import Input, Output, component, pipeline, run"


def make(folder: Path, python: str, extra: str) -> str:
    """Make a new environment with this checkout installed, and return its interpreter."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    made = str(folder / "bin" / "python")
    quiet = [made, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*quiet, f"{REPOSITORY}{extra}"], check=True, env=full_environment())
    return made


def size(python: str) -> tuple[float, list[str]]:
    """Return MB of everything installed beside pip, and the names of the distributions."""
    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    found = subprocess.run(
        [python, "-c", code], check=True, capture_output=True, text=True, env=full_environment()
    )
    place = Path(found.stdout.strip())
    kept = [path for path in place.iterdir() if not NOT_OURS.match(path.name)]
    names = sorted(p.name.split("-")[0] for p in kept if p.name.endswith(".dist-info"))
    files = (f for p in kept for f in ([p] if p.is_file() else p.rglob("*")) if f.is_file())
    return sum(file.lstat().st_size for file in files) / 1e6, names


def fill(python: str, folder: Path) -> None:
    """Make the large store, unless it is there."""
    if (folder / "full").exists():
        return
    cost = run([python, HERE / "fill_store.py", folder, str(EXECUTIONS)])
    say(f"filled a store with {EXECUTIONS} executions in {cost.wall:.0f} s")
    (folder / "full").touch()


def commands(options: Any, store: Path) -> dict[str, tuple[list[str | Path], str]]:
    """Return the commands to time, with the names of their measures."""
    base, local = Path(options.base), Path(options.local)
    url = f"sqlite:///{store / 'metadata.db'}"
    return {
        "empty Python": ([base, "-c", "pass"], "import s"),
        "import mlops_pipeline": ([base, "-c", "import mlops_pipeline"], "import s"),
        AUTHORS_SIDE: ([base, "-c", AUTHORS], "import s"),
        "mlops --help": ([base.with_name("mlops"), "--help"], "help s"),
        "mlops runs": ([local.with_name("mlops"), "runs", "--store", url], "runs s"),
    }


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--base", help="interpreter of an environment with the base install")
    parser.add_argument("--local", help="the same with the extra `local`")
    parser.add_argument("--store", type=Path, help="folder of the large store")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for name, extra in (("base", ""), ("local", "[local]")):
            if not getattr(options, name):
                say(f"making an environment for {name} ...")
                setattr(options, name, make(Path(scratch) / name, options.python, extra))
        store = options.store or Path(scratch)
        store.mkdir(parents=True, exist_ok=True)
        return measure(options, store)


def measure(options: Any, store: Path) -> int:
    """Measure everything; return 0 if the limits are kept."""
    found: dict[str, float] = {}
    for name in ("base", "local"):
        megabytes, packages = size(getattr(options, name))
        found |= {f"{name} MB": megabytes, f"{name} packages": len(packages)}
        say(f"{name}: {megabytes:.1f} MB in {len(packages)} packages: {', '.join(packages)}")
    fill(options.local, store)
    timed = commands(options, store)

    def once(side: str, _: int) -> dict[str, float]:
        command, name = timed[side]
        cost = run(command, cwd=store)
        return {name: cost.wall, "CPU s": cost.cpu}

    once("import mlops_pipeline", 0)
    figures = interleave(timed, options.rounds, once)
    print_table(figures, ("import s", "help s", "runs s", "CPU s"), reference="empty Python")
    empty = median(figures["empty Python"]["import s"])
    for side, name in (("import mlops_pipeline", "import s"), (AUTHORS_SIDE, "all names s")):
        if "import s" in figures[side]:
            found[name] = median(figures[side]["import s"]) - empty
    if "runs s" in figures["mlops runs"]:
        found["runs s"] = median(figures["mlops runs"]["runs s"])
    say(f"medians of {options.rounds} rounds; {machine()}")
    save(options.json, {**found, "all": figures})
    kept = [check(name, found[name], limit) for name, limit in LIMITS.items() if name in found]
    return 0 if all(kept) and len(kept) == len(LIMITS) else 1


if __name__ == "__main__":
    sys.exit(main())
