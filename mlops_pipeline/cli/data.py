"""`mlops data`: versions of datasets, their differences, and the models made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click

from mlops_pipeline.cli.output import echo, json_option, limit_option, screen, write, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.inspection import (
    DataDiff,
    Feature,
    FeatureDiff,
    Screen,
    Table,
    TrainedModel,
    Version,
    ago,
    diff_versions,
    find_version,
    lines,
    list_datasets,
    models_of,
    number,
    one_line,
    version_before,
)
from mlops_pipeline.store import ArtifactState

FEATURE_ROWS = 30
"""Number of features that a difference lists without `--all`."""


@click.group()
def data() -> None:
    """List and compare versions of datasets.

    A VERSION is the number of its Examples artifact, a DATASET for its newest version,
    DATASET@SPAN or DATASET@SPAN.VERSION, RUN/NODE/OUTPUT, or a folder.
    """


@data.command("list")
@click.argument("dataset", required=False)
@limit_option("Number of versions.")
@json_option
@project_options
def list_(project: Project, dataset: str | None, limit: int, as_json: bool) -> None:
    """List the versions of all datasets, or of one.

    The newest comes first. DATASET is PIPELINE.NODE.OUTPUT, or a part of that.
    """
    found = list_datasets(project.existing_store, dataset or "", limit=limit, copies=project.copies)
    if as_json:
        write_json(found)
    elif not found:
        echo("no datasets yet; they are made by an ExampleGen")
    else:
        write(_versions(found))


def _versions(found: Sequence[Version]) -> list[str]:
    heading = ("id", "dataset", "span", "version", "rows", "columns", "digest", "made", "run")
    rows = [
        (
            str(each.id),
            each.dataset if each.state is ArtifactState.LIVE else f"{each.dataset}, {each.state}",
            _maybe(each.span),
            _maybe(each.version),
            " ".join(f"{split}={count}" for split, count in (each.rows or {}).items()) or "-",
            _maybe(each.columns),
            each.digest[:12],
            ago(each.created),
            each.run + (f" +{len(each.runs) - 1}" if len(each.runs) > 1 else ""),
        )
        for each in found
    ]
    return lines(
        Table(heading, rows, right=frozenset({"id", "span", "version", "columns"})), screen()
    )


def _maybe(value: int | None) -> str:
    return "-" if value is None else str(value)


@data.command("diff")
@click.argument("before", metavar="VERSION")
@click.argument("after", metavar="[VERSION]", required=False)
@click.option("--all", "everything", is_flag=True, help="List unchanged features, too.")
@json_option
@project_options
def diff(project: Project, before: str, after: str | None, everything: bool, as_json: bool) -> None:
    """Compare two versions: rows, columns, statistics.

    One VERSION alone is compared with the version before it.
    """
    store = project.existing_store
    first = find_version(store, before)
    if after is None:
        first, second = version_before(store, first), first
    else:
        second = find_version(store, after)
    found = diff_versions(store, first, second, copies=project.copies)
    if as_json:
        features = [{"change": each.change, **_plain(each)} for each in found.features]
        write_json({**_plain(found), "features": features})
    else:
        write(_difference(found, screen(), everything))


def _plain(data: Any) -> dict[str, Any]:
    return {name: getattr(data, name) for name in data.__dataclass_fields__}


def _difference(found: DataDiff, here: Screen, everything: bool) -> Iterator[str]:
    name = found.before.dataset
    other = found.after.dataset if found.after.dataset != name else ""
    yield f"{here.paint(name, 'bold')} {found.before} -> {f'{other} ' * bool(other)}{found.after}"
    if found.same_content:
        yield "  same content"
        return
    for split, (before, after) in found.rows.items():
        yield f"  rows of {split}: {_both(_maybe(before), _maybe(after))}{_percent(before, after)}"
    for word, names, style in (
        ("added", found.added, "green"),
        ("removed", found.removed, "red"),
        ("type", [f"{n} {a} -> {b}" for n, (a, b) in (found.types or {}).items()], "yellow"),
    ):
        if names:
            yield f"  columns, {here.paint(word, style)}: {', '.join(names)}"
    chosen = [each for each in found.features if everything or each.change]
    if not chosen:
        yield "  no feature has changed"
        return
    yield ""
    yield from _features(chosen if everything else chosen[:FEATURE_ROWS], here)
    if not everything and len(chosen) > FEATURE_ROWS:
        yield f"and {len(chosen) - FEATURE_ROWS} more; `--all` shows them"


def _percent(before: int | None, after: int | None) -> str:
    return f" ({(after - before) / before:+.1%})" if before and after and before != after else ""


def _both(before: str, after: str) -> str:
    return before if before == after else f"{before} -> {after}"


def _features(found: Sequence[FeatureDiff], here: Screen) -> list[str]:
    heading = ("feature", "split", "type", "missing", "mean", "unique", "top", "L-inf", "JS")
    rows = [
        (
            each.name,
            each.split,
            *(_cells(each, what) for what in ("type", "missing", "mean", "unique", "top")),
            _distance(each.l_infinity),
            _distance(each.jensen_shannon),
        )
        for each in found
    ]
    right = frozenset({"L-inf", "JS"})
    return lines(Table(heading, rows, right=right), here)


def _cells(each: FeatureDiff, what: str) -> str:
    if each.before and each.after:
        return _both(_cell(each.before, what), _cell(each.after, what))
    one = each.before or each.after
    assert one is not None  # or it would not be listed
    return f"{each.change} {one.type}" if what == "type" else _cell(one, what)


def _cell(feature: Feature, what: str) -> str:
    if what == "top":
        return " ".join(one_line(value, 20) for value, _ in feature.top) or "-"
    value = getattr(feature, what)
    return "-" if value is None else number(value) if isinstance(value, float) else str(value)


def _distance(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


@data.command("models")
@click.argument("version", metavar="VERSION")
@json_option
@project_options
def models(project: Project, version: str, as_json: bool) -> None:
    """List the models that were trained on a version."""
    store = project.existing_store
    chosen = find_version(store, version)
    found = models_of(store, chosen)
    if as_json:
        write_json(found)
    elif not found:
        echo(f"no model was trained on {chosen.dataset} {chosen}")
    else:
        write(_models(found))


def _models(found: Sequence[TrainedModel]) -> list[str]:
    heading = ("id", "node", "made", "run", "verdict", "pushed", "uri")
    rows = [
        (
            str(each.id),
            each.node + (f", from #{each.through}" if each.through else ""),
            ago(each.created),
            each.run,
            {None: "-", True: "blessed", False: "not blessed"}[each.blessed],
            each.pushed[-1] if each.pushed else "-",
            each.uri,
        )
        for each in found
    ]
    styles = {"verdict": {"blessed": "green", "not blessed": "yellow"}}
    return lines(
        Table(heading, rows, frozenset({"id"}), frozenset({"uri", "pushed"}), styles), screen()
    )
