"""Looks at a store and its artifacts by SQLite and the file system alone, after a kill.

Nothing of the framework is used: what its own readers hide is seen here, too.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from shapes import OUTPUTS, answer, executions

RUNNING, COMPLETE, CACHED = 2, 3, 5
LIVE, ABANDONED = 2, 5
OUTPUT = 4


@dataclass(frozen=True)
class Begun:
    """A run that was begun."""

    id: str
    shape: str
    seed: int


def digest(path: Path) -> str:
    """Compute the digest of a file or a folder as `docs/records.md` says it."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    rows = sorted(
        (b"file", str(file.relative_to(path)).encode(), digest(file).encode())
        for file in path.rglob("*")
        if file.is_file()
    )
    whole = hashlib.sha256(b"folder\n")
    for row in rows:
        for field in row:
            whole.update(b"%d:" % len(field) + field)
    return whole.hexdigest()


class Reader:
    """What a store and the folder of its artifacts hold.

    Args:
        folder: has `metadata.db` and the folder `root`.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.folder = folder
        self.problems: list[str] = []
        path = folder / "metadata.db"
        if not path.exists():
            self.rows = {key: [] for key in ("executions", "artifacts", "events", "places")}
            return
        with contextlib.closing(sqlite3.connect(path)) as database:
            ask = database.execute
            self.rows = {
                "executions": ask(
                    "SELECT e.id, t.name, e.last_known_state FROM Execution e "
                    "LEFT JOIN Type t ON t.id = e.type_id"
                ).fetchall(),
                "artifacts": ask(
                    "SELECT a.id, a.uri, a.state, p.string_value, t.name FROM Artifact a "
                    "LEFT JOIN Type t ON t.id = a.type_id LEFT JOIN ArtifactProperty p "
                    "ON p.artifact_id = a.id AND p.name = 'mlops.digest'"
                ).fetchall(),
                "events": ask("SELECT execution_id, artifact_id, type FROM Event").fetchall(),
                "places": ask(
                    "SELECT s.execution_id, t.name, c.name FROM Association s "
                    "JOIN Context c ON c.id = s.context_id JOIN Type t ON t.id = c.type_id"
                ).fetchall(),
            }
            self._expect(ask("PRAGMA quick_check").fetchall() == [("ok",)], "the file is damaged")
        self.states = {each: state for each, _, state in self.rows["executions"]}
        self.kinds = {each: str(name) for each, name, _ in self.rows["executions"]}

    def _expect(self, good: bool, problem: str) -> None:
        if not good:
            self.problems.append(problem)

    def check(self, runs: list[Begun]) -> list[str]:
        """Name what is wrong, at any moment."""
        if self.rows["executions"]:
            self._check_artifacts()
            self._check_executions()
            for run in runs:
                self._check_sets(run)
            self._check_files()
        return self.problems

    def _made(self) -> dict[int, list[int]]:
        """Return the artifacts that each execution has written."""
        made: dict[int, list[int]] = {each: [] for each in self.states}
        for execution, artifact, kind in self.rows["events"]:
            self._expect(execution in self.states, f"an event of no execution {execution}")
            if kind == OUTPUT:
                made.setdefault(execution, []).append(artifact)
        return made

    def _check_artifacts(self) -> None:
        makers: dict[int, list[int]] = {}
        for execution, artifacts in self._made().items():
            for each in artifacts:
                makers.setdefault(each, []).append(self.states.get(execution, 0))
        for each, uri, state, said, kind in self.rows["artifacts"]:
            if kind == "mlops.End":
                self._expect(state == ABANDONED, f"the end {each} is {state}")
                continue
            self._expect(state == LIVE, f"artifact {each} is {state}")
            by = makers.get(each, [])
            self._expect(by.count(COMPLETE) == 1, f"artifact {each} was made by {by}")
            path = Path(uri)
            if not path.exists():
                self.problems.append(f"artifact {each} has no files at {uri}")
            else:
                self._expect(digest(path) == said, f"artifact {each} is not what was recorded")

    def _check_executions(self) -> None:
        live = {each for each, _, state, _, _ in self.rows["artifacts"] if state == LIVE}
        placed = Counter(execution for execution, _, _ in self.rows["places"])
        for each, made in self._made().items():
            wanted = OUTPUTS[self.kinds[each].rpartition(".")[2]]
            good = len(set(made) & live) == len(made) == wanted
            if self.states.get(each) in (COMPLETE, CACHED):
                self._expect(good, f"execution {each} has written {made}, not {wanted}")
            else:
                self._expect(not made, f"execution {each} has not ended well and written {made}")
            self._expect(placed[each] >= 3, f"execution {each} is in {placed[each]} contexts")

    def results(self, run: Begun) -> dict[str, list[int]]:
        """Return the executions of a run that have a result, by node."""
        of_run = {
            e for e, kind, name in self.rows["places"] if (kind, name) == ("pipeline_run", run.id)
        }
        found: dict[str, list[int]] = {}
        for each, kind, name in self.rows["places"]:
            if kind == "node" and each in of_run and self.states[each] in (COMPLETE, CACHED):
                node = name.removeprefix(f"{run.shape}.").rpartition(".")[2]
                found.setdefault(node, []).append(each)
        return found

    def _check_sets(self, run: Begun) -> None:
        wanted = executions(run.shape, run.seed)
        for node, found in self.results(run).items():
            most = wanted.get(node, 0)
            self._expect(len(found) <= most, f"{run.id}: {node} has results {found}, not {most}")

    def _check_files(self) -> None:
        """See that each output is an artifact's, or will be found by the next run."""
        owned = {Path(uri) for _, uri, _, _, _ in self.rows["artifacts"] if uri}
        owned |= {path.parent for path in owned}
        staged = {path.name.partition("-")[0] for path in self.root.glob("*/.staging/*")}
        for number in staged:
            self._expect(int(number) in self.states, f"staging of no execution {number}")
        for place in self.root.glob("[!.]*/[!.]*/*/*"):
            number = place.name.partition("-")[0]
            self._expect(place in owned or number in staged, f"nobody owns {place}")

    def check_end(self, run: Begun) -> list[str]:
        """Name what is wrong with a run that has ended well."""
        found = {node: len(each) for node, each in self.results(run).items()}
        wanted = executions(run.shape, run.seed)
        self._expect(found == wanted, f"{run.id} has results {found}, not {wanted}")
        made = self._made()
        ends = [each for result in self.results(run).get("result", []) for each in made[result]]
        texts = [
            Path(uri).read_text() for each, uri, _, _, _ in self.rows["artifacts"] if each in ends
        ]
        right = [str(answer(run.shape, run.seed))]
        self._expect(texts == right, f"{run.id} comes to {texts}, not {right}")
        return self.problems

    def check_clean(self) -> list[str]:
        """Name what is left once each pipeline has been run to its end."""
        running = [each for each, state in self.states.items() if state == RUNNING]
        self._expect(not running, f"still running: {running}")
        owned = {Path(uri) for _, uri, _, _, _ in self.rows["artifacts"] if uri}
        files = [path for path in self.root.rglob("*") if path.is_file()]
        for file in files:
            inside = file.relative_to(self.root).parts
            if inside[0].startswith((".digests.db", ".sources-")) or (
                len(inside) > 1 and inside[1] in (".logs", ".state")
            ):
                continue
            good = file in owned or any(each in owned for each in file.parents)
            self._expect(good, f"left: {file}")
        for place in self.root.glob("*/.staging/*"):
            self.problems.append(f"left: {place}")
        for path in (self.folder / "tmp").iterdir():
            self.problems.append(f"left: {path}")
        known = {"metadata.db", "metadata.db-wal", "metadata.db-shm", "metadata.db.lock"}
        known |= {"root", "tmp", "said"}
        for path in self.folder.iterdir():
            self._expect(path.name in known, f"left: {path}")
        return self.problems
