"""Registered models: their versions, aliases, approvals, and who changed them when and why.

A model is what its changes made it: each is one record of the store that is never edited, so that
history, the state at any time and rollback are questions about them. A version is a pushed model.
"""

from mlops_pipeline.models.changes import ModelChange, changes_from, check_model_name, read_changes
from mlops_pipeline.models.pushed import (
    VersionNotes,
    model_digests,
    register_artifact,
    register_pushed,
    unregistered,
)
from mlops_pipeline.models.registered import (
    CHAMPION,
    AliasMove,
    Decided,
    ModelVersion,
    RegisteredModel,
    registered_from,
)
from mlops_pipeline.models.registry import (
    LostRaceError,
    approve,
    archive,
    find_model,
    list_models,
    model_as_of,
    open_model,
    read_time,
    rollback,
    set_alias,
    withdraw,
)
from mlops_pipeline.models.resolving import refuse_rolled_back, resolve_alias

__all__ = [
    "CHAMPION",
    "AliasMove",
    "Decided",
    "LostRaceError",
    "ModelChange",
    "ModelVersion",
    "RegisteredModel",
    "VersionNotes",
    "approve",
    "archive",
    "changes_from",
    "check_model_name",
    "find_model",
    "list_models",
    "model_as_of",
    "model_digests",
    "open_model",
    "read_changes",
    "read_time",
    "refuse_rolled_back",
    "register_artifact",
    "register_pushed",
    "registered_from",
    "resolve_alias",
    "rollback",
    "set_alias",
    "unregistered",
    "withdraw",
]
