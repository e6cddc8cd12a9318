"""The stock MLMD client on one of our stores, and what it has for what we measure."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import history_shape as shape


def stock_client(url: str) -> Any:
    """Return the store as TFX opens it."""
    import ml_metadata
    from ml_metadata.proto import metadata_store_pb2 as pb

    place = urlsplit(url)
    if place.scheme == "grpc":
        remote = pb.MetadataStoreClientConfig(host=place.hostname, port=place.port)
        remote.channel_arguments.max_receive_message_length = 1 << 30
        return ml_metadata.MetadataStore(remote)
    config = pb.ConnectionConfig()
    if place.scheme == "sqlite":
        config.sqlite.filename_uri = place.path
    else:
        config.mysql.host, config.mysql.port = place.hostname, place.port
        config.mysql.user, config.mysql.database = place.username, place.path.strip("/")
        config.mysql.password = os.environ["MLOPS_METADATA_PASSWORD"]
    return ml_metadata.MetadataStore(config)


def stock_reads(stock: Any, at: Any, *, large: bool) -> dict[str, Callable[[int], object]]:
    """Return the reads of TFX and MLMD's guides, by name.

    Args:
        at: the `runs` and `models` that are asked for.
        large: leave out what takes minutes in a large store.
    """
    from ml_metadata.metadata_store import ListOptions, OrderByField

    newest = ListOptions(
        limit=20, order_by=OrderByField.ID, is_asc=False, filter_query="type = 'pipeline_run'"
    )

    def context(kind: str, name: str) -> int:
        return int(stock.get_context_by_type_and_name(kind, name).id)

    def hit(i: int) -> None:
        key = shape.cache_key(at.runs[i], "Transform")
        found = stock.get_executions_by_context(context("execution_cache", key))
        events = stock.get_events_by_execution_ids([e.id for e in found])
        stock.get_artifacts_by_id([e.artifact_id for e in events])

    def claim(i: int) -> None:
        name = f"{shape.cache_key(at.runs[i], 'Trainer')}.0"
        stock.get_execution_by_type_and_name(shape.component("Trainer"), name)

    def of_run(i: int) -> None:
        stock.get_executions_by_context(context("pipeline_run", shape.run_id(at.runs[i])))

    def runs_of(pipeline: str) -> Callable[[int], object]:
        return lambda i: sorted(
            stock.get_children_contexts_by_context(context("pipeline", pipeline)),
            key=lambda c: -c.id,
        )[:20]

    def latest_model(i: int) -> None:
        max(stock.get_artifacts_by_type("Model"), key=lambda a: a.id)

    def blessed(i: int) -> None:
        node = context("node", f"{shape.OFTEN}.Evaluator")
        found = stock.get_artifacts_by_context(node)
        kinds = {kind.name: kind.id for kind in stock.get_artifact_types()}
        good = [
            a
            for a in found
            if a.type_id == kinds["ModelBlessing"] and a.custom_properties["blessed"].int_value
        ]
        made = stock.get_events_by_artifact_ids([max(good, key=lambda a: a.id).id])
        read = stock.get_events_by_execution_ids([made[0].execution_id])
        stock.get_artifacts_by_id([e.artifact_id for e in read])

    reads: dict[str, Callable[[int], object]] = {
        "cache hit": hit,
        "cache miss": lambda i: stock.get_context_by_type_and_name("execution_cache", f"{i:064}"),
        "claim by name": claim,
        "lineage of a model": lambda i: stock.get_lineage_subgraph(_upstream_of(at.models[i])),
        "newest 20 runs": lambda i: stock.get_contexts(newest),
        "20 runs of the usual pipeline": runs_of(shape.OFTEN),
        "20 runs of a rare pipeline": runs_of(shape.SELDOM),
        "20 runs of an old pipeline": runs_of(shape.OLD),
        "executions of a run": of_run,
        "latest model": latest_model,
        "latest blessed model": blessed,
    }
    if not large:
        reads["20 executions of a node"] = lambda i: stock.get_executions_by_context(
            context("node", f"{shape.OFTEN}.Trainer")
        )
    return reads


def _upstream_of(artifact_id: int) -> Any:
    from ml_metadata.proto import metadata_store_pb2 as pb

    query = pb.LineageSubgraphQueryOptions()
    query.starting_artifacts.filter_query = f"id = {artifact_id}"
    query.max_num_hops = 20
    query.direction = pb.LineageSubgraphQueryOptions.UPSTREAM
    return query
