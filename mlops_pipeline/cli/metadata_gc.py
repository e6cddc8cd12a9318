"""`mlops metadata gc`: artifacts that the policy keeps no longer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import click

from mlops_pipeline.cli.output import echo, json_option, screen, warn, write, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.inspection import Table, lines, seconds, size
from mlops_pipeline.retention import (
    Collected,
    GcPlan,
    Going,
    Policy,
    apply_gc,
    plan_gc,
    read_policy,
)
from mlops_pipeline.settings import Kept
from mlops_pipeline.uris import without_password

SHOWN = 10
"""Rows of each list of costs."""


@click.command()
@click.option("--apply", is_flag=True, help="Remove what goes; without it, it is only shown.")
@click.option(
    "--keep-last",
    "gc_keep_last",
    type=click.IntRange(0),
    metavar="N",
    help="Keep the newest N runs of each pipeline, and the newest N complete ones.",
)
@click.option(
    "--younger",
    "gc_younger",
    metavar="AGE",
    help="Keep what was made or used within this time: 12h, 30d.",
)
@click.option(
    "--keep",
    "gc_keep",
    multiple=True,
    type=click.Choice(get_args(Kept)),
    help="Keep models of this kind, or none; may be repeated.",
)
@click.option(
    "--upstream",
    "gc_upstream",
    multiple=True,
    metavar="TYPE",
    help="Keep what they were made of, of this type; * for all, or none; may be repeated.",
)
@click.option(
    "--orphans",
    is_flag=True,
    help="Remove the files below the root that no record owns, too: only where no other store "
    "has the same root.",
)
@json_option
@project_options
def gc(project: Project, apply: bool, orphans: bool, as_json: bool, **policy: Any) -> None:
    """Show or remove the artifacts that the policy keeps no longer.

    It shows them, and what their loss costs; with --apply, their files go. The records stay,
    marked as deleted. Runs may go on meanwhile: nothing goes that they use. The policy comes from
    these options, and from the settings gc.keep_last, gc.younger, gc.keep and gc.upstream.
    """
    from mlops_pipeline.run_state import open_workspace

    for name, value in policy.items():
        project.set_flag(name, value)
    project.require_store()
    settings = project.settings
    wanted = read_policy(settings)
    plan = plan_gc(settings.store, settings.root, wanted)
    done = None
    if apply:
        workspace = open_workspace(Path.cwd(), (), settings, project.store)
        done = apply_gc(workspace, settings.store, plan, orphans=orphans)
    if as_json:
        store = {"store": without_password(settings.store), "root": settings.root}
        write_json({**store, **gc_data(plan, done, wanted)})
    else:
        write(_report(plan, done))
        _say_end(plan, done, orphans)
    if done is not None and done.failed:
        warn(
            f"{len(done.failed)} places could not be removed: {done.failed[0]}",
            hint="see to it that they can be written, and call it again",
        )
        raise click.exceptions.Exit(1)


def _report(plan: GcPlan, done: Collected | None) -> Iterator[str]:
    going = plan.going if done is None else done.removed
    rows = [
        (pipeline, kind, str(count), size(total))
        for pipeline, kind, count, total in _by_type(going)
    ]
    heading = ("pipeline", "type", "artifacts", "size")
    if rows:
        yield from lines(Table(heading, rows, right=frozenset({"artifacts", "size"})), screen())
    yield from _costs(plan)
    if plan.kept:
        reasons = sorted(plan.kept.items(), key=lambda item: (-item[1], item[0]))
        yield f"kept: {', '.join(f'{count} {reason}' for reason, count in reasons)}"
    if plan.elsewhere:
        yield f"left alone: {plan.elsewhere} that are elsewhere than below the root"
    if plan.damaged:
        yield f"left alone: {len(plan.damaged)} damaged records: {', '.join(plan.damaged[:SHOWN])}"


def _costs(plan: GcPlan) -> Iterator[str]:
    if plan.lineage:
        yield f"lineage without files: {len(plan.lineage)} artifacts that stay were made of them"
        for each in plan.lineage[:SHOWN]:
            sources = ", ".join(map(str, each.sources))
            yield f"  {each.type} {each.artifact} of run {each.run}, from {sources}"
        yield from _more(plan.lineage)
    if plan.cache:
        yield "lost for the cache:"
        for lost in plan.cache[:SHOWN]:
            many = "" if lost.results == 1 else "s"
            work = f"{lost.results} result{many}, {seconds(lost.seconds)} of work"
            yield f"  {lost.pipeline}.{lost.node}: {work}"
        yield from _more(plan.cache)


def _more(rows: Sequence[object]) -> Iterator[str]:
    if len(rows) > SHOWN:
        yield f"  and {len(rows) - SHOWN} more; all of them with --json"


def _say_end(plan: GcPlan, done: Collected | None, orphans: bool) -> None:
    unowned = plan.orphans if done is None else done.orphans
    if unowned:
        total = size(sum(each.size for each in unowned))
        word = "below the root without a record" if done is None else "removed without a record"
        echo(f"{len(unowned)} folders {word}, {total}")
        for each in unowned[:SHOWN]:
            echo(f"  {each.place}")
    if done is None:
        if plan.unfinished:
            echo(f"{len(plan.unfinished)} deleted artifacts may still have files: it was stopped")
        count = sum(len(each.artifacts) for each in plan.going)
        echo(f"{count} artifacts would go, {size(plan.size)}; remove them with --apply")
        if any(not each.ours for each in plan.orphans) and not orphans:
            echo("folders without a record go with --orphans, if no other store has this root")
        return
    if done.held:
        echo(f"{sum(len(each.artifacts) for each in done.held)} artifacts are in use by now: left")
    if done.finished:
        echo(f"{len(done.finished)} artifacts of an earlier removal are finished")
    count = sum(len(each.artifacts) for each in done.removed)
    echo(f"{count} artifacts removed, {size(done.size)} freed")


def _by_type(going: Iterable[Going]) -> list[tuple[str, str, int, int]]:
    found: dict[tuple[str, str], list[int]] = {}
    for each in going:
        for index, record in enumerate(each.artifacts):
            row = found.setdefault((each.pipeline, record.type), [0, 0])
            row[0] += 1
            # Several records may be of the same files.
            row[1] += 0 if index else each.size
    return [(*names, *numbers) for names, numbers in sorted(found.items())]  # type: ignore[misc]


def gc_data(plan: GcPlan, done: Collected | None, policy: Policy) -> dict[str, Any]:
    """Return a plan, and what came of it, as data for JSON."""
    data: dict[str, Any] = {
        "applied": done is not None,
        "policy": {
            "keep_last": policy.keep_last,
            "younger": policy.younger,
            "keep": sorted(policy.keep),
            "upstream": sorted(policy.upstream),
        },
        "types": [
            {"pipeline": p, "type": kind, "artifacts": count, "size": total}
            for p, kind, count, total in _by_type(plan.going)
        ],
        "artifacts": [row for each in plan.going for row in _rows(each)],
        "lineage": plan.lineage,
        "cache": plan.cache,
        "kept": dict(plan.kept),
        "elsewhere": plan.elsewhere,
        "orphans": plan.orphans,
        "unfinished": list(plan.unfinished),
        "damaged": list(plan.damaged),
    }
    if done is not None:
        data["removed"] = [record.id for each in done.removed for record in each.artifacts]
        data["held"] = [record.id for each in done.held for record in each.artifacts]
        data["finished"] = list(done.finished)
        data["removed_orphans"] = [each.place for each in done.orphans]
        data["failed"] = list(done.failed)
    return data


def _rows(going: Going) -> Iterator[dict[str, Any]]:
    for record in going.artifacts:
        yield {
            "id": record.id,
            "type": record.type,
            "uri": record.uri,
            "pipeline": going.pipeline,
            "node": going.node,
            "run": going.run,
            "size": going.size,
        }
