"""What pages are read from: a store, and the folders in which files may be read."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_pipeline.store import MetadataStore


@dataclass(frozen=True)
class Reader:
    """What pages are read from.

    Args:
        place: URL of the store, without a password, for people.
        there: whether the store exists; one that does not is read as an empty one.
        roots: folders in which the files of artifacts and logs may be read. Records name any path;
            what is not below one of these is not opened.
        lease: seconds without a sign of life after which a process elsewhere counts as dead.
    """

    store: MetadataStore
    place: str = ""
    there: bool = True
    roots: tuple[str, ...] = ()
    lease: float = 60.0
