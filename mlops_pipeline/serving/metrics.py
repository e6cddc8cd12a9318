"""Numbers of a server, in the text form that Prometheus reads."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the histogram of seconds."""

_MOST_SERIES = 2000

Labels = tuple[tuple[str, str], ...]


class ServerMetrics:
    """Counters and histograms by labels; their number is bounded, as clients choose some."""

    def __init__(self) -> None:
        self._counters: dict[tuple[str, Labels], float] = {}
        self._histograms: dict[tuple[str, Labels], list[float]] = {}

    def count(self, name: str, labels: Mapping[str, str], by: float = 1) -> None:
        """Add to a counter."""
        key = (name, tuple(labels.items()))
        if key in self._counters or len(self._counters) < _MOST_SERIES:
            self._counters[key] = self._counters.get(key, 0) + by

    def observe(self, name: str, labels: Mapping[str, str], seconds: float) -> None:
        """Add a time to a histogram."""
        key = (name, tuple(labels.items()))
        found = self._histograms.get(key)
        if found is None:
            if len(self._histograms) >= _MOST_SERIES:
                return
            found = self._histograms[key] = [0.0] * (len(BOUNDS) + 2)
        found[bisect_left(BOUNDS, seconds)] += 1
        found[-1] += seconds

    def text(self, gauges: Mapping[tuple[str, Labels], float]) -> str:
        """Return all numbers as text.

        Args:
            gauges: numbers as they are now.
        """
        lines = [*_plain(self._counters, "counter"), *_plain(gauges, "gauge")]
        lines += self._histogram_lines()
        return "\n".join([*lines, ""])

    def _histogram_lines(self) -> Iterator[str]:
        named = ""
        for (name, labels), found in sorted(self._histograms.items()):
            if name != named:
                yield f"# TYPE {name} histogram"
                named = name
            total = 0.0
            for bound, number in zip((*BOUNDS, "+Inf"), found[:-1], strict=True):
                total += number
                yield f"{name}_bucket{_labels((*labels, ('le', str(bound))))} {total:g}"
            yield f"{name}_sum{_labels(labels)} {found[-1]:.6f}"
            yield f"{name}_count{_labels(labels)} {total:g}"


def _plain(values: Mapping[tuple[str, Labels], float], kind: str) -> Iterator[str]:
    named = ""
    for (name, labels), value in sorted(values.items()):
        if name != named:
            yield f"# TYPE {name} {kind}"
            named = name
        yield f"{name}{_labels(labels)} {value:.10g}"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
