"""The whole story on this machine, with simulated users: `python story.py`.

A first version is trained and served. What users want changes, a policy trains a second one, and a
canary finds it better. A third one learns from half a file, fails for half of the users, and is
taken out without a failed request; the fourth is promoted. In the end the report says what each was
worth. Everything is a command that you could have typed; they are printed as they are run.
"""

from __future__ import annotations

import argparse
import csv
import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from mlops_pipeline.business import EventLog, NewEvent

HERE = Path(__file__).resolve().parent
LOG, TABLE = "serving/log", "serving/table.json"
CANARY = ["--steps", "20%,50%", "--minimum", "80", "--step-seconds", "1", "--load-seconds", "0"]
CANARY += ["--max-errors", "0.05", "--every", "0.3", "--table", TABLE, "--log", LOG]
HAPPY, UNHAPPY = 0.30, 0.10
"""Share of the users who buy, with a good offer and with another one."""


class World:
    """What users want: a line, which moves."""

    start = 0.0

    def wanted(self, x: float) -> float:
        """Return the offer that a user wants."""
        return self.start + 2 * x

    def write(self, path: Path, known_to: float = 1.0) -> None:
        """Write what was learned of users, as a CSV file."""
        draw = random.Random(known_to + self.start)
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["x", "y"])
            for _ in range(500):
                x = draw.random() * known_to
                rows.writerow([x, self.wanted(x) + draw.gauss(0, 0.05)])


class Users:
    """Users who ask a server all the time, and buy if they like the answer."""

    def __init__(self, url: str, world: World, folder: Path) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 80
        self.world = world
        self.events = EventLog(folder / LOG, "offers")
        self.statuses: Counter[int] = Counter()
        self._bought: list[NewEvent] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(each,)) for each in range(3)]

    def __enter__(self) -> Users:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def record(self) -> int:
        """Record what was bought since the last time, as a shop does every night."""
        bought, self._bought = self._bought, []
        return self.events.record(bought)

    def _ask(self, first: int) -> None:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        number = first
        while not self._over.is_set():
            user = random.Random(number)
            x = user.random()
            body = json.dumps({"instances": [{"x": x}]})
            headers = {"x-mlops-key": f"user-{number}", "Content-Type": "application/json"}
            connection.request("POST", "/v1/models/offers:predict", body, headers)
            answer = connection.getresponse()
            found = json.loads(answer.read())
            self.statuses[answer.status] += 1
            if answer.status == 200:
                offer = float(found["predictions"][0])
                is_good = abs(offer - self.world.wanted(x)) < 0.2
                if user.random() < (HAPPY if is_good else UNHAPPY):
                    at = time.time()
                    self._bought.append(NewEvent("bought", f"user-{number}", at, id=f"o-{number}"))
            number += 3
            time.sleep(0.002)


def mlops(*words: str, codes: tuple[int, ...] = (0,), quiet: bool = False) -> str:
    """Run a command, print it and (unless `quiet`) what it says; returns that.

    Raises:
        SystemExit: it ended with another code.
    """
    print(f"$ mlops {' '.join(words)}", flush=True)
    command = [sys.executable, "-m", "mlops_pipeline.cli", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    print(f"({len(done.stdout)} characters)" if quiet else done.stdout + done.stderr, flush=True)
    if done.returncode not in codes:
        raise SystemExit(f"exit code {done.returncode}, not {codes[0]}")
    return done.stdout


@contextmanager
def server() -> Iterator[str]:
    """Serve what is pushed; its address."""
    words = [
        "serve",
        "--registered",
        "offers",
        "--predict",
        "offers:make",
        "--port",
        "0",
        "--poll",
        "0.2",
    ]
    words += ["--table", TABLE, "--log", LOG, "--log-seconds", "0.3"]
    print(f"$ mlops {' '.join(words)} &", flush=True)
    command = [sys.executable, "-m", "mlops_pipeline.cli", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline() if process.stdout else ""
        print(line, flush=True)
        url = next(word for word in line.split() if "://" in word)
        try:
            wait_for(url)
            yield url
        finally:
            process.terminate()


def wait_for(url: str, seconds: float = 60) -> None:
    """Wait until the model is loaded."""
    parts = urlsplit(url)
    end = time.monotonic() + seconds
    while True:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        connection.request("GET", "/v2/health/ready")
        if connection.getresponse().status == 200:
            return
        if time.monotonic() > end:
            raise SystemExit("the server is not ready")
        time.sleep(0.1)


def story() -> None:
    """Tell it."""
    world, data = World(), Path("data.csv")
    world.write(data)
    mlops("retrain", "nightly")
    mlops("deploy", "offers", "1", "--strategy", "all-at-once", "--load-seconds", "0",
          "--table", TABLE, "--log", LOG)  # fmt: skip
    mlops("business", "define", "offers", "bought", "--window", "1h")
    with server() as url, Users(url, world, Path.cwd()) as users:
        print("-- what users want has changed", flush=True)
        world.start = 1.0
        mlops("retrain", "nightly", codes=(11,))
        world.write(data)
        mlops("retrain", "nightly")
        mlops("deploy", "offers", *CANARY)
        users.record()
        print("-- half of the file is missing", flush=True)
        world.write(data, known_to=0.5)
        mlops("retrain", "nightly")
        mlops("deploy", "offers", *CANARY, codes=(1,))
        users.record()
        world.write(data, known_to=1.01)
        mlops("retrain", "nightly")
        mlops("deploy", "offers", *CANARY)
        users.record()
        statuses = dict(users.statuses)
    mlops("rollout", "list")
    for each in json.loads(mlops("rollout", "list", "offers", "--json", quiet=True)):
        mlops("rollout", "verify", each["name"])
    mlops("business", "report", "offers", "--log", LOG)
    mlops("models", "show", "offers")
    print(f"answers by status: {statuses}", flush=True)
    if set(statuses) != {200}:
        raise SystemExit("requests have failed")


def main() -> None:
    """Tell the story in a new folder, or in the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", help="a folder that is kept")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(given.folder or scratch).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("offers_pipeline.py", "offers.py", "policies.toml"):
            shutil.copy(HERE / name, folder)
        (folder / "mlops.toml").write_text("")
        os.chdir(folder)
        story()


if __name__ == "__main__":
    main()
