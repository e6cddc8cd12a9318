"""`mlops artifacts`: artifacts of a run or of a type."""

from __future__ import annotations

import click

from mlops_pipeline.cli.output import echo, json_option, limit_option, screen, write, write_json
from mlops_pipeline.cli.project import Project, complete_run, project_options
from mlops_pipeline.inspection import Table, ago, damage_lines, lines, one_line, read_run
from mlops_pipeline.run_state import TAG
from mlops_pipeline.store import ArtifactRecord, ArtifactState, MetadataStore

UNINTERESTING = {"name", "producer_component", "pipeline_name", "tfx_version", "is_external", TAG}


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False, shell_complete=complete_run)
@click.option("--type", "kind", metavar="TYPE", help="Only artifacts of this type, such as Model.")
@limit_option("Number of rows, without RUN.")
@json_option
@project_options
def artifacts(
    project: Project, run_id: str | None, kind: str | None, limit: int, as_json: bool
) -> None:
    """List artifacts of a run or of a type.

    Without either, lists those of the last run.

    RUN is an id, the beginning of one, or `last`.
    """
    store = project.existing_store
    if kind and not run_id:
        found = store.artifacts_by_type(kind, limit=limit)
        nodes: dict[int, str] = {}
    else:
        found, nodes = _of_run(store, project.find_run(run_id or "last").id)
        found = [record for record in found if kind in (None, record.type)]
    if as_json:
        write_json(found)
        return
    if not found:
        echo("no artifacts" + (f" of type {kind}" if kind else ""))
        return
    heading = ("id", "type", "output", "made", "properties", "uri")
    rows = [_row(record, nodes.get(record.id, "")) for record in found]
    table = Table(heading, rows, right=frozenset({"id"}), tails=frozenset({"uri"}))
    write(lines(table, screen()))
    damage = [f"artifact {record.id}: {record.damage}" for record in found if record.damage]
    write(damage_lines(damage, screen()))


def _of_run(store: MetadataStore, run_id: str) -> tuple[list[ArtifactRecord], dict[int, str]]:
    nodes: dict[int, str] = {}
    for node in read_run(store, run_id):
        for key, written in node.outputs.items():
            nodes.update({artifact.id: f"{node.name}.{key}" for artifact in written})
    found = {record.id: record for record in store.artifacts(nodes)}
    gone = (ArtifactRecord("", "", each, damage="its row is gone") for each in nodes)
    return [found.get(record.id, record) for record in gone], nodes


def _row(record: ArtifactRecord, output: str) -> tuple[str, ...]:
    facts = {k: v for k, v in record.properties.items() if k not in UNINTERESTING}
    live = record.state is ArtifactState.LIVE
    return (
        str(record.id),
        record.type if live else f"{record.type}, {record.state.value.lower()}",
        output,
        ago(record.created),
        _cut(" ".join(f"{name}={one_line(value, 20)}" for name, value in sorted(facts.items()))),
        record.uri,
    )


def _cut(text: str) -> str:
    return one_line(text, 40) if text else ""
