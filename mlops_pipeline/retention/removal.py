"""The removal of what a plan says may go, beside runs that go on.

Each place goes in three steps: its artifacts are marked as deleted, in one transaction that does so
only if nothing which runs has used them and nobody has changed their state since the plan; its
files are removed; and its artifacts are called deleted. Everything that may come between:

- *A run begins after the plan, and uses an artifact before the mark*: there is one more event with
  it then, and the mark leaves it alone, though the run may have ended.
- *Somebody tags an artifact, or changes its state*: its row has another time then, as above.
- *A driver finds a result in the cache, or chooses an input, before the mark, and records that
  after it*: the hit and the claim ask for the state in their own transactions, and are refused.
  The driver is asked again, finds nothing, and the node runs.
- *Both transactions at once*: one waits for the lock of the other, on the rows of the artifacts.
- *A failed run is resumed*: it is written as RUNNING first, and its history read after that. Before
  the mark, that keeps its artifacts; after it, the history shows them as deleted, and they are made
  again. The mark locks the row of the run, so that one comes before the other.
- *A run that counts as ended by its silence goes on*: its row or its execution has another time
  then, and the mark leaves its artifacts alone. What it writes after the mark is refused.
- *A part of a run goes on from another run*: that one's artifacts are held by the first. Where it
  begins just after the mark, a node that reads what is marked is refused it, and says so.
- *An importer names a folder below the root*: a new artifact in the place keeps it. One that is
  recorded after the mark has no files soon, which whoever reads it is told.
- *A process is killed after the mark*: the marked artifacts are unused, and the next removal, or
  one at the same time, removes their files and calls them deleted.
- *Two removals at once*: of two marks, the second sees another state. Files are renamed first.
- *A new execution publishes at a path that is being removed*: the old folder has been renamed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from mlops_pipeline.errors import StoreError
from mlops_pipeline.retention.gc_plan import STAGED, GcPlan, Going, Orphan
from mlops_pipeline.roots import Places, open_places
from mlops_pipeline.run_state import Workspace, sweep
from mlops_pipeline.store import finish_deleted, mark_deleted

BATCH = 50
"""Places that are marked in one transaction."""

STEP = "mlops.step"
"""Audit event (`sys.addaudithook`) that says how far a removal is."""


@dataclass(frozen=True)
class Collected:
    """Result of a removal.

    Args:
        removed: what went.
        held: places that were left, as something uses them by now.
        finished: artifacts of earlier removals whose files are gone now.
        failed: files that could not be removed, and why.
    """

    removed: Sequence[Going] = ()
    held: Sequence[Going] = ()
    finished: Sequence[int] = ()
    orphans: Sequence[Orphan] = ()
    failed: Sequence[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes that were removed."""
        return sum(each.size for each in self.removed) + sum(each.size for each in self.orphans)


def apply_gc(workspace: Workspace, url: str, plan: GcPlan, *, orphans: bool = False) -> Collected:
    """Do what a plan says.

    Args:
        workspace: has the root, and the store at the URL.
        orphans: remove what no record owns, too. Only where no other store has the same root.

    Raises:
        StoreError: the store cannot be written; what was removed until then is recorded, or is
            finished by the next removal.
    """
    if orphans:
        _refuse_other_root(plan)
    places, failed = open_places(workspace.root), list[str]()
    places.clear()
    finished = _finish(url, places, plan, failed)
    removed, held = [], []
    for start in range(0, len(plan.going), BATCH):
        part = plan.going[start : start + BATCH]
        marked = {each.place for each in mark_deleted(url, plan.doomed(part), plan.ended)}
        sys.audit(STEP, "gc.marked", str(start))
        held += [each for each in part if each.place not in marked]
        gone = [each for each in part if each.place in marked and _remove(places, each, failed)]
        finish_deleted(url, [record.id for each in gone for record in each.artifacts])
        sys.audit(STEP, "gc.finished", str(start))
        removed += gone
    wanted = [each for each in plan.orphans if each.ours or orphans]
    return Collected(
        removed, held, finished, _remove_orphans(workspace, places, wanted, failed), failed
    )


def _remove(places: Places, going: Going, failed: list[str]) -> bool:
    sys.audit(STEP, "gc.removing", going.place)
    why = places.remove(going.place)
    if why:
        failed.append(why)
    sys.audit(STEP, "gc.removed", going.place)
    return not why


def _finish(url: str, places: Places, plan: GcPlan, failed: list[str]) -> list[int]:
    finished = []
    for each, place in plan.unfinished.items():
        why = places.remove(place) if place else ""
        if why:
            failed.append(why)
        else:
            finished.append(each)
    finish_deleted(url, finished)
    return finished


def _refuse_other_root(plan: GcPlan) -> None:
    """Refuse to take all that is below a root for orphans.

    Raises:
        StoreError: no record of the store is of anything there.
    """
    strange = any(not each.ours for each in plan.orphans)
    if strange and not (plan.going or plan.kept or plan.unfinished):
        raise StoreError(
            "no artifact of the store is below the root, and all that is there would be removed",
            hint="name the store that belongs to the root, with --store",
        )


def _remove_orphans(
    workspace: Workspace, places: Places, wanted: Sequence[Orphan], failed: list[str]
) -> list[Orphan]:
    staged = [each for each in wanted if each.ours and STAGED in each.place]
    for pipeline in sorted({each.place.partition("/")[0] for each in staged}):
        # It also takes back what was moved from there.
        sweep(workspace, pipeline)
    left = set(open_places(workspace.root).staged()) if staged else set()
    removed = [each for each in staged if each.place not in left]
    for each in wanted:
        if each in staged:
            continue
        why = places.remove(each.place)
        if why:
            failed.append(why)
        else:
            removed.append(each)
    return removed
