"""`mlops models`: registered models, their versions, aliases and approvals."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from mlops_pipeline.business import read_estimates
from mlops_pipeline.cli.output import echo, json_option, screen, write, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.inspection import Table, ago, lines, one_line
from mlops_pipeline.models import (
    CHAMPION,
    AliasMove,
    ModelVersion,
    RegisteredModel,
    VersionNotes,
    approve,
    archive,
    list_models,
    model_as_of,
    open_model,
    read_time,
    register_artifact,
    register_pushed,
    rollback,
    set_alias,
)


@click.group()
def models() -> None:
    """Show registered models, promote versions and roll them back.

    A VERSION is a number, such as 3 or v3, or an alias, such as champion.
    """


def act_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add who does it, and why."""
    by = click.option("--by", default="", metavar="WHO", help="Who does it  [default: you]")
    why = click.option("--why", default="", metavar="TEXT", help="The reason, which is kept.")
    return why(by(command))


name_argument = click.argument("name", metavar="NAME")
version_argument = click.argument("version", metavar="VERSION")


@models.command("list")
@json_option
@project_options
def list_(project: Project, as_json: bool) -> None:
    """List registered models."""
    found = list_models(project.existing_store)
    if as_json:
        write_json([asdict(each) for each in found])
    elif not found:
        echo("no models yet; give a Pusher a model_name, or use `mlops models register`")
    else:
        rows = [
            (
                each.name,
                str(len(each.versions)),
                _aliases(each) or "-",
                ago(max((v.at for v in each.versions), default=0.0)) if each.versions else "-",
            )
            for each in found
        ]
        write(lines(Table(("model", "versions", "aliases", "newest"), rows), screen()))
        write(_damage(found))


def _aliases(model: RegisteredModel) -> str:
    return " ".join(f"{alias}=v{number}" for alias, number in model.aliases)


def _damage(found: Sequence[RegisteredModel]) -> Iterator[str]:
    for model in found:
        for each in model.damage:
            yield f"damaged: {model.name}: {each}"


@models.command("show")
@name_argument
@click.argument("version", metavar="[VERSION]", required=False)
@json_option
@project_options
def show(project: Project, name: str, version: str | None, as_json: bool) -> None:
    """Show a model with its history, or one version."""
    store = project.existing_store
    model = open_model(store, name)
    estimates = sorted(read_estimates(store, name), key=lambda each: (each.version, each.metric))
    if version is None:
        write_json(asdict(model)) if as_json else write(_model(model))
        if not as_json:
            write(f"v{each.version}: {each.text}, {each.grade}" for each in estimates)
        return
    found = model.find(version)
    card = store.get_document(found.card) if found.card else None
    if as_json:
        lifts = [asdict(each) for each in estimates if each.version == found.number]
        write_json({**asdict(found), "state": found.state, "card_text": card, "lifts": lifts})
        return
    write(_version(model, found))
    write(f"{e.text}, {e.grade}" for e in estimates if e.version == found.number)
    if card:
        echo()
        echo(card.rstrip())


def _model(model: RegisteredModel) -> Iterator[str]:
    here = screen()
    yield here.paint(model.name, "bold")
    heading = ("version", "artifact", "state", "aliases", "registered", "by", "run", "digest")
    rows = [
        (
            f"v{each.number}",
            str(each.artifact),
            each.state + _decided(each),
            " ".join(each.aliases),
            ago(each.at),
            one_line(each.by, 20),
            each.run,
            each.digest[:12],
        )
        for each in reversed(model.versions)
    ]
    yield from lines(Table(heading, rows), here) if rows else ["no versions yet"]
    if model.moves:
        yield ""
        yield from (_move(each) for each in reversed(model.moves))
    yield from _damage([model])


def _decided(version: ModelVersion) -> str:
    if not version.decisions:
        return ""
    return ", approved" if version.decisions[-1].approved else ", rejected"


def _move(move: AliasMove) -> str:
    day = _day(move.at)
    way = f"{_v(move.before)} -> {_v(move.version)}"
    word = ", rolled back" if move.rollback else ""
    why = f": {one_line(move.why, 60)}" if move.why else ""
    return f"{day}  {move.alias} {way}{word} by {one_line(move.by, 20)}{why}"


def _day(at: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
    except (ValueError, OverflowError, OSError):
        return "at an unknown time"


def _v(number: int) -> str:
    return f"v{number}" if number else "none"


def _version(model: RegisteredModel, version: ModelVersion) -> Iterator[str]:
    yield screen().paint(f"{model.name} v{version.number}", "bold")
    facts = {
        "state": version.state + (f": {version.rolled_back}" if version.rolled_back else ""),
        "aliases": ", ".join(version.aliases),
        "artifact": str(version.artifact),
        "uri": version.uri,
        "digest": version.digest,
        "run": version.run,
        "registered": f"{_day(version.at)} by {version.by}",
        "why": version.why,
        "licence": version.licence,
        "signature": "" if version.signature is None else one_line(version.signature, 200),
    }
    for name, text in facts.items():
        if text:
            yield f"  {name}: {text}"
    for each in version.decisions:
        word = "approved" if each.approved else "rejected"
        yield f"  {word} {_day(each.at)} by {each.by}: {each.why}"


@models.command("compare")
@name_argument
@click.argument("one", metavar="VERSION")
@click.argument("other", metavar="VERSION")
@json_option
@project_options
def compare(project: Project, name: str, one: str, other: str, as_json: bool) -> None:
    """Compare two versions of a model.

    What differs between their runs is shown by `mlops compare`.
    """
    model = open_model(project.existing_store, name)
    first, second = model.find(one), model.find(other)
    differing = {
        key: (value, asdict(second)[key])
        for key, value in asdict(first).items()
        if value != asdict(second)[key]
    }
    if as_json:
        write_json({"versions": [asdict(first), asdict(second)], "differ": sorted(differing)})
        return
    same = bool(first.digest) and first.digest == second.digest
    echo(f"{name} v{first.number} and v{second.number}{': same bytes' if same else ''}")
    rows = [
        (key, one_line(before, 50), one_line(after, 50))
        for key, (before, after) in differing.items()
    ]
    write(lines(Table(("", f"v{first.number}", f"v{second.number}"), rows), screen()))
    if first.run and second.run and first.run != second.run:
        echo(f"their runs: mlops compare {first.run} {second.run}")


@models.command("as-of")
@click.argument("date", metavar="DATE")
@click.argument("name", metavar="[NAME]", required=False)
@json_option
@project_options
def as_of(project: Project, date: str, name: str | None, as_json: bool) -> None:
    """Show where aliases pointed at a time.

    DATE is a day, which means its end, or a time: 2026-05-03T14:30.
    """
    store, at = project.existing_store, read_time(date)
    names = [name] if name else [each.name for each in list_models(store)]
    found = [model_as_of(store, each, at) for each in names]
    if as_json:
        write_json([asdict(each) for each in found])
        return
    rows = [
        (
            model.name,
            alias,
            f"v{number}",
            model.version(number).run,
            str(model.version(number).artifact),
        )
        for model in found
        for alias, number in model.aliases
    ]
    if rows:
        write(lines(Table(("model", "alias", "version", "run", "artifact"), rows), screen()))
    else:
        echo(f"no alias pointed anywhere at {date}")
    write(_damage(found))


@models.command("register")
@click.argument("artifact", metavar="ARTIFACT")
@name_argument
@click.option("--signature", metavar="FILE", type=click.Path(), help="Inputs and outputs, as JSON.")
@click.option("--card", metavar="FILE", type=click.Path(), help="The model card, a text.")
@click.option("--licence", default="", metavar="NAME", help="Such as Apache-2.0.")
@act_options
@json_option
@project_options
def register(project: Project, artifact: str, name: str, as_json: bool, **given: Any) -> None:
    """Make a pushed model a version of a model.

    ARTIFACT is its number, or `pushed` for all that were pushed under NAME and are no versions yet.
    """
    store = project.existing_store
    if artifact == "pushed":
        found = register_pushed(store, name)
    else:
        notes = VersionNotes(
            _json_of(given["signature"]),
            _text_of(given["card"]) or "",
            given["licence"],
            given["by"],
            given["why"],
        )
        found = [register_artifact(store, _number(artifact), name, notes)]
    if as_json:
        write_json([asdict(each) for each in found])
    for each in [] if as_json else found:
        echo(f"{name} v{each.number} is artifact {each.artifact}")
    if not found and not as_json:
        echo(f"nothing was pushed under {name} that is no version yet")


def _number(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 19:
        return int(text)
    raise ParameterError(
        f"{text[:50]!r} is no number of an artifact",
        hint="see `mlops artifacts --type PushedModel`",
    )


def _text_of(file: str | None) -> str | None:
    if file is None:
        return None
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise NotFoundError(f"cannot read {file}: {reason}", hint="name a text file") from None


def _json_of(file: str | None) -> Any:
    import json

    text = _text_of(file)
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        raise ParameterError(f"{file} is not JSON", hint="write the signature as JSON") from None


@models.command("promote")
@name_argument
@version_argument
@act_options
@json_option
@project_options
def promote(project: Project, name: str, version: str, as_json: bool, by: str, why: str) -> None:
    """Make a version the champion."""
    moved = set_alias(project.existing_store, name, version, by=by, why=why)
    _tell(moved, f"{name} {version} is the champion already", as_json)


@models.command("alias")
@name_argument
@click.argument("alias", metavar="ALIAS")
@version_argument
@act_options
@json_option
@project_options
def alias_(project: Project, name: str, alias: str, version: str, **given: Any) -> None:
    """Point an alias to a version; version 0 takes it away."""
    store = project.existing_store
    moved = set_alias(store, name, version, alias=alias, by=given["by"], why=given["why"])
    _tell(moved, f"{alias} of {name} points there already", given["as_json"])


@models.command("rollback")
@name_argument
@click.option("--to", default="", metavar="VERSION", help="Go back to this one.")
@click.option("--alias", default=CHAMPION, show_default=True, help="The alias to move.")
@act_options
@json_option
@project_options
def rollback_(project: Project, name: str, **given: Any) -> None:
    """Point an alias back, and never use the version again.

    Without --to it goes back to the last version before that may still be used.
    """
    as_json = given.pop("as_json")
    _tell(rollback(project.existing_store, name, **given), "", as_json)


def _tell(moved: AliasMove | None, otherwise: str, as_json: bool) -> None:
    if as_json:
        write_json(None if moved is None else asdict(moved))
    else:
        echo(otherwise if moved is None else _move(moved))


@models.command("archive")
@name_argument
@version_argument
@click.option("--restore", is_flag=True, help="Take it into use again.")
@act_options
@json_option
@project_options
def archive_(project: Project, name: str, version: str, as_json: bool, **given: Any) -> None:
    """Take a version out of use."""
    found = archive(project.existing_store, name, version, **given)
    if as_json:
        write_json({**asdict(found), "state": found.state})
    else:
        echo(f"{name} v{found.number} is {found.state}")


@models.command("approve")
@name_argument
@click.argument("what", metavar="ARTIFACT")
@click.option("--reject", is_flag=True, help="Reject it.")
@act_options
@json_option
@project_options
def approve_(project: Project, name: str, what: str, as_json: bool, **given: Any) -> None:
    """Approve of a version, or of a model that waits.

    A model waits at an ApprovalGate.

    ARTIFACT is the number of an artifact, a version such as v3, or an alias.
    """
    store = project.existing_store
    if what.isascii() and what.isdecimal():
        artifact = _number(what)
    else:
        artifact = open_model(store, name).find(what).artifact
    change = approve(store, name, artifact, **given)
    if as_json:
        write_json(asdict(change))
    else:
        word = "rejected" if given["reject"] else "approved"
        echo(f"artifact {artifact} is {word} as {name} by {change.by}: {change.why}")
