"""Calls everything that the stock client of MLMD has, and prints what comes of it as JSON.

Not a test module: a test starts it with the URL of an empty store, `sqlite:`, `mysql:` or `grpc:`.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import sys
from typing import Any
from urllib.parse import urlsplit

from google.protobuf import text_format
from google.protobuf.message import Message
from ml_metadata import metadata_store as mlmd
from ml_metadata.proto import metadata_store_pb2 as pb

TIMES = re.compile(r"(create|last_update)_time_since_epoch: \d+|milliseconds_since_epoch: \d+")

# Newer protobuf begins the text form of a message so, differently in each process.
MARK = re.compile(r"goo\.gle/debug\w+ +")


def connect(url: str) -> Any:
    place = urlsplit(url)
    if place.scheme == "grpc":
        return mlmd.MetadataStore(
            pb.MetadataStoreClientConfig(host=place.hostname, port=place.port)
        )
    config = pb.ConnectionConfig()
    if place.scheme == "sqlite":
        config.sqlite.filename_uri = place.path
    else:
        config.mysql.host, config.mysql.port = place.hostname, place.port
        config.mysql.user, config.mysql.database = place.username, place.path.strip("/")
        config.mysql.password = os.environ["MLOPS_METADATA_PASSWORD"]
    return mlmd.MetadataStore(config)


def shown(value: Any) -> Any:
    """A result without its times; the parts of a graph come in any order."""
    if isinstance(value, pb.LineageGraph):
        return {field.name: sorted(shown(list(found))) for field, found in value.ListFields()}
    if isinstance(value, Message):
        text = text_format.MessageToString(value, as_one_line=True)
        return TIMES.sub("", MARK.sub("", text))
    if isinstance(value, list | tuple):
        return [shown(each) for each in value]
    return value


class Calls:
    """The client, with a record of what was called and what came of it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.record: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            try:
                found = getattr(self.client, name)(*given, **named)
            except Exception as error:  # noqa: BLE001 - errors are results here
                # The words are each server's own.
                self.record.append((name, type(error).__name__))
                return None
            self.record.append((name, shown(found)))
            return found

        return call


def event(kind: Any, key: str, **more: Any) -> Any:
    found = pb.Event(type=kind, **more)
    found.path.steps.add(key=key)
    return found


def make(do: Any) -> dict[str, int]:
    """Everything that puts something."""
    model = do.put_artifact_type(
        pb.ArtifactType(name="Model", external_id="type-m", properties={"size": pb.INT})
    )
    wider = pb.ArtifactType(name="Model", properties={"size": pb.INT, "note": pb.STRING})
    do.put_artifact_type(wider)
    do.put_artifact_type(wider, can_add_fields=True)
    trainer = do.put_execution_type(pb.ExecutionType(name="Train", external_id="type-t"))
    place = do.put_context_type(pb.ContextType(name="pipeline", external_id="type-p"))
    note = {"note": pb.Value(string_value="a\\b 'c' π")}
    first, second = do.put_artifacts(
        [
            pb.Artifact(type_id=model, name="a", uri="/a", external_id="x-a", properties=note),
            pb.Artifact(type_id=model, name="b", uri="/b", custom_properties=note),
        ]
    )
    (run,) = do.put_executions(
        [pb.Execution(type_id=trainer, name="run", external_id="x-r", last_known_state=2)]
    )
    above, below = do.put_contexts(
        [
            pb.Context(type_id=place, name="above", external_id="x-c"),
            pb.Context(type_id=place, name="below"),
        ]
    )
    do.put_parent_contexts([pb.ParentContext(parent_id=above, child_id=below)])
    do.put_events([event(pb.Event.INPUT, "model", artifact_id=first, execution_id=run)])
    do.put_attributions_and_associations(
        [pb.Attribution(artifact_id=first, context_id=above)],
        [pb.Association(execution_id=run, context_id=above)],
    )
    done = pb.Execution(type_id=trainer, name="done", last_known_state=3)
    made = pb.Artifact(type_id=model, name="c", uri="/c", external_id="x-made")
    contexts = [pb.Context(type_id=place, name="below"), pb.Context(type_id=place, name="new")]
    pairs = [
        (made, event(pb.Event.OUTPUT, "model")),
        (None, event(pb.Event.INPUT, "base", artifact_id=second)),
    ]
    do.put_execution(done, pairs, contexts)
    finished, _, _ = do.put_execution(done, pairs, contexts, reuse_context_if_already_exist=True)
    do.put_lineage_subgraph(
        [pb.Execution(type_id=trainer, name="third")],
        [pb.Artifact(type_id=model, name="d", uri="/d")],
        contexts,
        [(0, 0, event(pb.Event.OUTPUT, "model"))],
        reuse_context_if_already_exist=True,
    )
    masked = pb.Artifact(id=second, type_id=model, state=pb.Artifact.DELETED, uri="/ignored")
    do.put_artifacts([masked], field_mask_paths=["state"])
    ids = {"model": model, "trainer": trainer, "place": place, "first": first, "second": second}
    return {**ids, "run": run, "finished": finished, "above": above, "below": below}


def ask(do: Any, ids: dict[str, int]) -> None:
    """Everything that gets something: what is there, and what is not."""
    newest = mlmd.ListOptions(limit=2, order_by=mlmd.OrderByField.ID, is_asc=False)
    nodes = {"artifact": ("Model", "a"), "execution": ("Train", "run")}
    nodes["context"] = ("pipeline", "above")
    kinds = {"artifact": "model", "execution": "trainer", "context": "place"}
    things = {"artifact": "first", "execution": "run", "context": "above"}
    external = {"artifact": "x-a", "execution": "x-r", "context": "x-c"}
    for node, (kind, name) in nodes.items():
        one = (kind, name), (kind, "nobody"), ("Nothing", name)
        for arguments in one:
            getattr(do, f"get_{node}_by_type_and_name")(*arguments)
        for each in (kind, "Nothing"):
            getattr(do, f"get_{node}_type")(each)
            getattr(do, f"get_{node}s_by_type")(each)
        getattr(do, f"get_{node}_types")()
        getattr(do, f"get_{node}_types_by_id")([ids[kinds[node]], 999])
        getattr(do, f"get_{node}_types_by_external_ids")([f"type-{kind[0].lower()}", "nothing"])
        getattr(do, f"get_{node}s")()
        getattr(do, f"get_{node}s")(list_options=newest)
        getattr(do, f"get_{node}s_by_id")([ids[things[node]], 999])
        getattr(do, f"get_{node}s_by_external_ids")([external[node]])
        getattr(do, f"get_{node}s_by_external_ids")(["nothing"])
    for context in (ids["above"], ids["below"], 999):
        do.get_artifacts_by_context(context)
        do.get_executions_by_context(context, list_options=newest)
        do.get_children_contexts_by_context(context)
        do.get_parent_contexts_by_context(context)
    do.get_artifacts_and_types_by_artifact_ids([ids["first"], ids["second"]])
    do.get_artifacts_by_uri("/a")
    do.get_artifacts_by_uri("/nothing")
    do.get_contexts_by_artifact(ids["first"])
    do.get_contexts_by_execution(ids["finished"])
    do.get_events_by_artifact_ids([ids["first"], ids["second"]])
    do.get_events_by_execution_ids([ids["run"], ids["finished"]])
    do.get_events_by_execution_ids([999])
    do.get_artifacts(list_options=mlmd.ListOptions(filter_query="uri = '/c'"))
    do.get_artifacts(list_options=mlmd.ListOptions(filter_query="no = query"))
    query = pb.LineageSubgraphQueryOptions(max_num_hops=10)
    query.starting_artifacts.filter_query = "uri = '/c'"
    do.get_lineage_subgraph(query)
    do.get_lineage_subgraph(query, ["events", "artifacts"])


def refuse(do: Any, ids: dict[str, int]) -> None:
    """What is an error, by name."""
    do.put_artifacts([pb.Artifact(type_id=ids["model"], name="a", uri="/again")])
    do.put_artifacts([pb.Artifact(type_id=ids["model"], uri="/x" * 9000, external_id="x-a")])
    do.put_artifacts([pb.Artifact(type_id=999)])
    do.put_executions([pb.Execution(id=999, type_id=ids["trainer"])])
    do.put_contexts([pb.Context(type_id=ids["place"], name="above")])
    do.put_contexts([pb.Context(type_id=ids["place"])])
    do.put_artifact_type(pb.ArtifactType(name="Model", properties={"size": pb.STRING}))
    do.put_events([pb.Event(artifact_id=999, execution_id=ids["run"], type=pb.Event.INPUT)])
    do.put_parent_contexts([pb.ParentContext(parent_id=ids["above"], child_id=ids["below"])])


def main() -> None:
    calls = Calls(connect(sys.argv[1]))
    ids = make(calls)
    ask(calls, ids)
    refuse(calls, ids)
    public = {n for n, _ in inspect.getmembers(mlmd.MetadataStore, inspect.isfunction)}
    missing = sorted(n for n in public - {name for name, _ in calls.record} if n[0] != "_")
    sys.stdout.write(json.dumps({"calls": calls.record, "missing": missing}))


if __name__ == "__main__":
    main()
