"""What pages are read from: a store, and the folders in which files may be read."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_pipeline.run_state import follow
from mlops_pipeline.store import MetadataStore, open_store


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


def open_unchanged(url: str, root: str) -> MetadataStore:
    """Open a store so that nothing of it is changed, where its kind can be opened so.

    Args:
        root: folder that artifacts are kept in, in which those of a moved project are found.
    """
    if url.startswith("sqlite:") and "?" not in url:
        url = f"{url}?mode=ro"
    return follow(open_store(url), root)
