"""Artifact types as they are asked for, against those that a store knows."""

from __future__ import annotations

from mlops_metadata.layout.rows import PropertyType, TypeRow
from mlops_pipeline.errors import StoreError, did_you_mean
from mlops_pipeline.store import ArtifactType

BASES = {"DATASET": "mlmd.Dataset", "MODEL": "mlmd.Model", "METRICS": "mlmd.Metrics"}
BASES["STATISTICS"] = "mlmd.Statistics"
"""The base types of artifacts, and the types that stand for them in a store."""


def base_of(kind: ArtifactType) -> str:
    """Return the base type in capitals; empty if there is none.

    Raises:
        StoreError: there is no such base type.
    """
    name = (kind.base_type or "").upper()
    if name and name not in BASES:
        raise StoreError(
            f"the base type of the artifact type {kind.name} is {kind.base_type!r}",
            hint=did_you_mean(str(kind.base_type), [n.capitalize() for n in BASES]),
        )
    return name


def is_known(kind: ArtifactType, known: TypeRow | None) -> bool:
    """Return True if a store knows all of this type.

    Raises:
        StoreError: it knows another type by this name.
    """
    if known is None:
        base_of(kind)
        return False
    base = base_of(kind)
    if base and known.base and base != known.base:
        wanted = str(kind.base_type)
        raise _conflict(kind, "the base type", known.base.capitalize(), wanted)
    for name in kind.properties.keys() & known.properties.keys():
        found = known.properties[name].name
        if found != kind.properties[name]:
            raise _conflict(kind, f"property {name!r}", found, kind.properties[name])
    return kind.properties.keys() <= known.properties.keys() and base in ("", known.base)


def _conflict(kind: ArtifactType, part: str, stored: str, wanted: str) -> StoreError:
    return StoreError(
        f"{part} of the artifact type {kind.name} is {stored} in the metadata store, "
        f"but {wanted} here",
        hint="give it another name: what is stored cannot change",
    )


def property_number(kind: str) -> PropertyType:
    """Return the number of a property's type: `INT`, `DOUBLE`, `STRING`."""
    return PropertyType[kind]
