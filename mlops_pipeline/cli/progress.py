"""Progress of a run: a live list of nodes in a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlops_pipeline.cli.output import echo, screen, visible
from mlops_pipeline.inspection import DECISIONS, NodeRun, Screen, node_name, seconds
from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.runners import NodeEvent
from mlops_pipeline.store import State

if TYPE_CHECKING:
    from rich.console import RenderableType

ROWS = 24
"""Largest number of listed nodes; running ones come first. Fewer on a low screen."""

SIGNS = {"run": "✓", "cached": "✓", "skipped": "-", "failed": "✗", "canceled": "✗"}

NodeKey = tuple[str, tuple[int, ...]]
"""A node and its iteration."""


@dataclass
class Tally:
    """Progress of each node; iterations of a node count together."""

    order: list[str]
    running: dict[NodeKey, float] = field(default_factory=dict)
    decisions: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    last_line: dict[str, str] = field(default_factory=dict)

    def take(self, event: NodeEvent) -> None:
        """Count an event."""
        key = (event.node_id, event.iteration)
        if event.kind == "started":
            self.running[key] = time.monotonic()
        elif event.kind == "output":
            self.last_line[event.node_id] = event.line
        elif event.kind == "finished" and event.outcome:
            self.running.pop(key, None)
            counts = self.decisions.setdefault(event.node_id, {})
            done = NodeRun(event.node_id, event.outcome.execution, 1, {}, {})
            counts[done.decision] = counts.get(done.decision, 0) + 1
            took = max(self.seconds.get(event.node_id, 0.0), done.duration)
            self.seconds[event.node_id] = took

    @property
    def done(self) -> int:
        """Number of nodes that have ended, with every iteration that has begun."""
        busy = {node_id for node_id, _ in self.running}
        return len(self.decisions.keys() - busy)


class PlainProgress(AbstractContextManager["PlainProgress"]):
    """One line for each node that ends; with `logs`, what nodes print as well."""

    def __init__(self, nodes: list[str], *, logs: bool = False) -> None:
        self._tally = Tally(nodes)
        self._logs = logs
        self._width = max((len(name) for name in nodes), default=0)
        self._lock = threading.Lock()
        self._screen = screen(sys.stderr)

    def __exit__(self, *error: object) -> None:
        """Do nothing: no resource is open."""

    def __call__(self, event: NodeEvent) -> None:
        with self._lock:
            self._tally.take(event)
            if event.kind == "output" and self._logs:
                self._print(f"{event.node_id.ljust(self._width)} | {event.line}")
            elif event.kind == "retrying" and event.outcome:
                again = f"again in {seconds(event.wait)}"
                error = _first_line(event.outcome.execution.error)
                self._print(f"{event.node_id}: {error} ({again})")
            elif event.kind == "finished" and event.outcome:
                self._print(self._line(event))

    def _line(self, event: NodeEvent) -> str:
        assert event.outcome is not None
        execution = event.outcome.execution
        done = NodeRun(node_name(execution), execution, 1, {}, {})
        total = str(len(self._tally.order))
        counter = f"[{str(self._tally.done).rjust(len(total))}/{total}]"
        name = done.name.ljust(self._width)
        decision = self._screen.paint(done.decision.ljust(8), DECISIONS[done.decision])
        after = _first_line(execution.error) if done.state is State.FAILED else ""
        if done.decision == "skipped":
            after = done.reason
        elif done.gate and not after:
            after = f"{done.gate.action}: {done.gate}"
        return f"{counter} {name}  {decision}  {seconds(done.duration):>8}  {after}".rstrip()

    @staticmethod
    def _print(line: str) -> None:
        echo(line, err=True)


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


class LiveProgress(AbstractContextManager["LiveProgress"]):
    """A live list of the nodes, which is removed when the run ends."""

    def __init__(self, nodes: list[str], title: str) -> None:
        from rich.console import Console
        from rich.live import Live

        self._tally = Tally(nodes)
        self._title = title
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._console = Console(stderr=True)
        self._live = Live(
            console=self._console,
            refresh_per_second=6,
            transient=True,
            get_renderable=self._render,
        )

    def __enter__(self) -> LiveProgress:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def __call__(self, event: NodeEvent) -> None:
        with self._lock:
            self._tally.take(event)

    def _render(self) -> RenderableType:
        from rich.text import Text

        with self._lock:
            # The last line stays free, or the list would scroll and leave its head behind.
            most = max(1, min(ROWS, self._console.height - 3))
            rows = live_lines(self._tally, Screen(colour=True), most)
            passed = seconds(time.monotonic() - self._began)
            head = f"{self._title} · {self._tally.done} of {len(self._tally.order)} · {passed}"
        return Text.from_ansi(visible("\n".join([head, *rows])), no_wrap=True, overflow="ellipsis")


def live_lines(
    tally: Tally, screen: Screen, most: int = ROWS, now: float | None = None
) -> list[str]:
    """Return the lines of a live list: one a node, iterations counted, long lists cut."""
    now = time.monotonic() if now is None else now
    width = max((len(name) for name in tally.order), default=0)
    busy: dict[str, list[float]] = {}
    for (node_id, _), since in tally.running.items():
        busy.setdefault(node_id, []).append(since)
    names = _choose_nodes(tally, set(busy), most)
    lines = []
    for name in names:
        label = name.ljust(width)
        counts = tally.decisions.get(name, {})
        if name in busy:
            parts = [f"{count} {decision}" for decision, count in counts.items()]
            if parts or len(busy[name]) > 1:
                parts.append(f"{len(busy[name])} running")
            state = " · ".join([seconds(now - min(busy[name])), *parts])
            printed = screen.paint(tally.last_line.get(name, "")[:60], "dim")
            lines.append(f"{screen.paint('▸', 'yellow')} {label}  {state}  {printed}".rstrip())
        elif counts:
            worst = min(counts, key=_urgency)
            sign = screen.paint(SIGNS.get(worst, "✓"), DECISIONS[worst])
            state = " · ".join([*_counts(counts), seconds(tally.seconds[name])])
            lines.append(f"{sign} {label}  {state}")
        else:
            lines.append(screen.paint(f"· {label}", "dim"))
    if len(names) < len(tally.order):
        lines.append(screen.paint(f"  … {len(tally.order) - len(names)} more nodes", "dim"))
    return lines


def _choose_nodes(tally: Tally, busy: set[str], most: int) -> list[str]:
    if len(tally.order) <= most:
        return tally.order
    bad = {n for n, counts in tally.decisions.items() if "failed" in counts}
    ended = [name for name in tally.decisions if name not in busy | bad]
    waiting = [n for n in tally.order if n not in busy and n not in tally.decisions]
    keep = [*bad, *busy, *ended[-6:], *waiting]
    chosen = set(keep[:most])
    return [name for name in tally.order if name in chosen]


def _counts(counts: dict[str, int]) -> list[str]:
    if sum(counts.values()) == 1:
        return list(counts)
    return [f"{count} {decision}" for decision, count in counts.items()]


def _urgency(decision: str) -> int:
    ranks = ["failed", "canceled", "run", "cached", "skipped"]
    return ranks.index(decision) if decision in ranks else len(ranks)


Progress = AbstractContextManager[Callable[[NodeEvent], None]]


def progress(ir: PipelineIR, title: str, *, quiet: bool, logs: bool) -> Progress:
    """Return the progress for standard error: live in a terminal, lines elsewhere, or none."""
    from contextlib import nullcontext

    nodes = [node.id for node in ir.nodes]
    if quiet:
        return nullcontext(lambda event: None)
    if sys.stderr.isatty() and not logs:
        return LiveProgress(nodes, title)
    return PlainProgress(nodes, logs=logs)
