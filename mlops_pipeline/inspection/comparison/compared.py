"""The page of a comparison: runs side by side, as values that any face can show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_pipeline.inspection.comparison.facts import CAUSES


@dataclass(frozen=True)
class ComparedRun:
    """One of the runs.

    Args:
        seconds: from beginning to end; None where it is not over.
        problems: what of its records could not be read.
    """

    id: str
    pipeline: str
    state: str
    started: float
    seconds: float | None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One fact in all runs.

    Args:
        kind: one of `KINDS`.
        values: the value in each run, in their order; long ones are cut.
        absent: places of the runs in which it is not there.
        differs: whether it is not the same in all runs of which it is known.
        nodes: the nodes that it is about; none for the whole run.
        reaches_model: whether it can have had an effect on a model.
        diffs: changed lines of code for each run, against the first run that has the code.
        changes: of a metric, for each run its number minus that of the first; None where there is
            no such number.
        evaluation, metric, where: of a metric, the node that evaluated (empty where each run has
            one at most), its name, and the slice; empty for all examples.
    """

    kind: str
    name: str
    values: tuple[Any, ...]
    absent: tuple[int, ...] = ()
    differs: bool = False
    nodes: tuple[str, ...] = ()
    reaches_model: bool = True
    diffs: tuple[str, ...] = ()
    changes: tuple[float | None, ...] = ()
    evaluation: str = ""
    metric: str = ""
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """Runs, and all that is known of them, side by side.

    Args:
        verdict: in one sentence, how the models of the runs differ; empty where they have none.
        rows: those that differ first, in the order of `KINDS`.
        notes: what cannot be compared, and why.
    """

    runs: tuple[ComparedRun, ...]
    verdict: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    @property
    def differing(self) -> list[Row]:
        """The rows that are not the same in all runs."""
        return [row for row in self.rows if row.differs]

    @property
    def causes(self) -> list[Row]:
        """What can have made the models differ: data, code, parameters, packages, carry-over."""
        return [row for row in self.differing if row.kind in CAUSES and row.reaches_model]

    @property
    def metrics(self) -> list[Row]:
        """The metrics that differ: overall ones first, then the slices that changed most."""
        return [row for row in self.differing if row.kind == "metric"]
