"""What does `mlops serve` add to a bare uvicorn that calls the same model?

Requests a second, milliseconds at the middle and at the 99th of a hundred, with one connection and
with many, one row a request; what batches bring; a reload of one model while another one is asked;
and how long a changed routing table takes to reach all answers.

    python benchmarks/serving.py --python .venvs/ml/bin/python
    python benchmarks/serving.py --python .venvs/ml/bin/python --model tensorflow --seconds 5

Servers, models and clients are processes of their own and share the cores of the machine: on two of
them, many connections measure the sum of all three.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measure import (
    HERE,
    arguments,
    check,
    full_environment,
    interleave,
    machine,
    our_environment,
    print_table,
    run,
    save,
    say,
)

SIDES = HERE / "serving_sides"
BARE, OURS, ALONE = "bare uvicorn", "mlops serve", "without batches"
TABLE, LOGGED = "with a table", "with table and log"
MANY = 32

ADDED, SWAP_LIMIT = 1.05, 1.0
"""Limits: what the router adds at the middle, as a ratio; seconds of a swap."""


@dataclass(frozen=True)
class Setting:
    """What is measured with.

    Args:
        model: `numpy` or `tensorflow`.
        seconds: of each measurement.
    """

    python: str
    model: str
    folder: Path
    seconds: float
    environment: dict[str, str] = field(default_factory=dict)

    def push(self, name: str, version: int) -> Path:
        """Make a version of a model appear, as Pusher does."""
        made = self.folder / name / f"{version}.half"
        if self.model == "tensorflow":
            shutil.copytree(self.folder / "saved", made)
        else:
            made.mkdir(parents=True)
        return made.rename(made.with_name(str(version)))


@contextlib.contextmanager
def process(setting: Setting, command: list[str]) -> Iterator[str]:
    """Start a server; its address."""
    with subprocess.Popen(
        [setting.python, *command],
        stdout=subprocess.PIPE,
        text=True,
        cwd=SIDES,
        env=setting.environment,
    ) as server:
        line = server.stdout.readline() if server.stdout else ""
        try:
            found = re.search(r"http://[\d.]+:\d+", line)
            if not found:
                raise SystemExit(f"{' '.join(command)} has not started: {line!r}")
            yield found[0]
        finally:
            server.terminate()


@contextlib.contextmanager
def served(setting: Setting, *options: str) -> Iterator[str]:
    """Start `mlops serve` with the models `a` and `b`, and wait until both answer."""
    command = ["-m", "mlops_pipeline.cli", "serve", "--port", "0", *options]
    command += [str(setting.folder / "a"), str(setting.folder / "b")]
    if setting.model == "numpy":
        command += ["--predict", "small_model:load_numpy"]
    with process(setting, command) as url:
        for name in ("a", "b"):
            wait_for(f"{url}/v2/models/{name}/ready")
        yield url


def wait_for(url: str, seconds: float = 120) -> None:
    """Wait until an address answers with 200."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        if time.monotonic() > end:
            raise SystemExit(f"{url} does not answer")
        time.sleep(0.05)


def asked(setting: Setting, url: str, connections: int, seconds: float = 0) -> dict[str, Any]:
    """Ask for a while from a process of its own."""
    seconds = seconds or setting.seconds
    words = [setting.python, str(SIDES / "load.py"), url, str(connections), "1", str(seconds)]
    return dict(run(words, timeout=seconds + 60).answer)


def cost(setting: Setting, side: str) -> dict[str, float]:
    """Return the figures of one side."""
    found: dict[str, float] = {}
    with contextlib.ExitStack() as stack:
        if side == BARE:
            folder = setting.folder / "a" / "1"
            words = [str(SIDES / "bare.py"), setting.model, str(folder)]
            url = stack.enter_context(process(setting, words))
        else:
            routed = ["--table", str(table(setting, 1))]
            logged = ["--log", str(setting.folder / "log"), "--log-policy", str(policy(setting))]
            options = {ALONE: ["--max-batch", "1"], TABLE: routed, LOGGED: [*routed, *logged]}
            url = stack.enter_context(served(setting, *options.get(side, [])))
        address = f"{url}/v1/models/a:predict"
        asked(setting, address, 1, 1)
        for connections in (1, MANY):
            answer = asked(setting, address, connections)
            if answer["errors"]:
                raise SystemExit(f"{side}: {answer['errors']} errors, such as {answer['lost']}")
            for name in ("per second", "p50 ms", "p99 ms"):
                found[f"{name}, {connections}"] = answer[name]
    return found


def table(setting: Setting, champion: int, generation: int = 1) -> Path:
    """Write a routing table, as a whole."""
    path = setting.folder / "table.json"
    routes = {"champion": champion, "candidate": 1, "weight": 0.1, "salt": "s"}
    half = path.with_suffix(".half")
    half.write_text(json.dumps({"generation": generation, "models": {"a": routes}}))
    return half.rename(path)


def policy(setting: Setting) -> Path:
    """Write what the request log keeps: everything."""
    path = setting.folder / "log.toml"
    path.write_text('[features]\nx = "keep"\n"inputs" = "keep"\n')
    return path


def reload(setting: Setting) -> dict[str, float]:
    """Ask both models while versions of one come; errors, and the other one's 99th of a hundred."""
    answers: dict[str, dict[str, Any]] = {}
    with served(setting) as url:
        address = f"{url}/v1/models/{{}}:predict"
        quiet = asked(setting, address.format("b"), 2)

        def ask(name: str) -> None:
            answers[name] = asked(setting, address.format(name), 2)

        threads = [threading.Thread(target=ask, args=(name,)) for name in ("a", "b")]
        for thread in threads:
            thread.start()
        for version in range(2, 5):
            setting.push("a", version)
            wait_for(f"{url}/v2/models/a/versions/{version}/ready")
        for thread in threads:
            thread.join()
    for version in range(2, 5):
        shutil.rmtree(setting.folder / "a" / str(version))
    return {
        "errors": sum(each["errors"] for each in answers.values()),
        "requests": sum(each["requests"] for each in answers.values()),
        "other model, p99 ms before": quiet["p99 ms"],
        "other model, p99 ms meanwhile": answers["b"]["p99 ms"],
    }


def swap(setting: Setting) -> float:
    """Return the seconds from a changed table to the first answer by the other version."""
    setting.push("a", 2)
    path = table(setting, 1)
    try:
        with served(setting, "--table", str(path), "--keep", "2") as url:
            for version in (1, 2):
                wait_for(f"{url}/v2/models/a/versions/{version}/ready")
            table(setting, 2, 2)
            begun = time.monotonic()
            while who(url) != "2":
                if time.monotonic() > begun + 60:
                    raise SystemExit("the table is not taken over")
            return time.monotonic() - begun
    finally:
        shutil.rmtree(setting.folder / "a" / "2")


def who(url: str) -> str:
    """Return the version that answers."""
    body = json.dumps({"instances": [[0.0] * 8]}).encode()
    headers = {"Content-Type": "application/json"}
    question = urllib.request.Request(f"{url}/v1/models/a:predict", body, headers)
    with urllib.request.urlopen(question, timeout=10) as answer:
        return str(answer.headers["x-mlops-version"])


def main() -> int:
    """Measure, print the table and the limits."""
    parser = arguments(__doc__)
    parser.add_argument("--model", choices=("numpy", "tensorflow"), default="numpy")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ours = our_environment()
        path = {"PYTHONPATH": f"{SIDES}:{ours['PYTHONPATH']}", "TF_CPP_MIN_LOG_LEVEL": "3"}
        setting = Setting(
            str(Path(given.python).absolute()),
            given.model,
            Path(folder),
            given.seconds,
            full_environment(path),
        )
        if given.model == "tensorflow":
            command = [given.python, SIDES / "small_model.py", setting.folder / "saved"]
            run(command, env=setting.environment)
        for name in ("a", "b"):
            setting.push(name, 1)
        say(machine())
        sides = (BARE, OURS, ALONE, TABLE, LOGGED)
        figures = interleave(sides, given.rounds, lambda side, _: cost(setting, side))
        for connections in (1, MANY):
            names = [f"{name}, {connections}" for name in ("per second", "p50 ms", "p99 ms")]
            print_table(figures, names, reference=BARE)
        found = reload(setting)
        say("a reload: " + ", ".join(f"{name} {value:.3g}" for name, value in found.items()))
        seconds = swap(setting)
        save(given.json, {**figures, "reload": found, "swap": seconds})
    middle = {
        side: sorted(found["p50 ms, 1"])[given.rounds // 2] for side, found in figures.items()
    }
    kept = [
        check("errors during a reload", found["errors"], 0),
        check("a changed table reaches the answers after", seconds, SWAP_LIMIT, "s"),
        check("routing, at the middle", middle[TABLE] / middle[OURS], ADDED, "times"),
        check("routing and the log, at the middle", middle[LOGGED] / middle[OURS], ADDED, "times"),
    ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    raise SystemExit(main())
