"""Importers: files from outside become an artifact, or are found to be one already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mlops_pipeline import roots
from mlops_pipeline.artifacts import LAYOUT_PROPERTY
from mlops_pipeline.errors import NotFoundError, ResolutionError
from mlops_pipeline.ir import ImporterExecutor
from mlops_pipeline.node.driver import NodeScope
from mlops_pipeline.node.expressions import evaluate
from mlops_pipeline.run_state import TAG
from mlops_pipeline.store import ArtifactRecord, ArtifactState
from mlops_pipeline.uris import is_remote, local_place

EXTERNAL = "is_external"
"""Property of an artifact that an importer made."""


def import_artifact(scope: NodeScope) -> ArtifactRecord:
    """Return the artifact that an importer registers, or a stored one if that is allowed.

    One with other properties is another artifact.

    Raises:
        ResolutionError: the URI does not exist.
    """
    request = scope.request
    importer, output = request.node.executor, request.node.outputs[0]
    assert isinstance(importer, ImporterExecutor)
    workspace = request.workspace
    uri = str(evaluate(importer.uri, scope))
    if is_remote(uri):
        roots.check_url(uri)
    else:
        uri = str(workspace.local_path(str(local_place(uri))))
    try:
        found = workspace.registered(ArtifactRecord(output.type, uri.rstrip("/")))
    except NotFoundError:
        raise ResolutionError(
            f"{request.node.id} imports {uri}, which does not exist", hint="check the path"
        ) from None
    known = [
        record
        for record in workspace.store.artifacts_by_uri(found.uri)
        if (record.type, record.digest) == (output.type, found.digest)
        and record.state is ArtifactState.LIVE
        and _has_properties(record, output.properties)
    ]
    if known and not importer.reimport:
        return known[-1]
    properties = {**output.properties, **found.properties, EXTERNAL: 1}
    return replace(found, properties=properties)


def _has_properties(record: ArtifactRecord, given: Mapping[str, Any]) -> bool:
    """Return True if a stored artifact has the properties that an importer sets.

    One that a node made may have more, one that an importer made may not.
    """
    known = {name: record.properties[name] for name in given if name in record.properties}
    if EXTERNAL in record.properties:
        ours = {EXTERNAL, TAG, LAYOUT_PROPERTY}
        known = {k: v for k, v in record.properties.items() if k in given or k not in ours}
    return known == given
