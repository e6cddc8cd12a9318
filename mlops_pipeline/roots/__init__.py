"""Artifact roots: where nodes put their outputs.

One protocol for a folder on this machine and for an object store. An output is staged, then
published under its final path at once; content is told apart by digest, and local copies of
what is kept elsewhere are held by content.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.roots.artifact_root import ArtifactRoot, make_root, open_root
    from mlops_pipeline.roots.digests import StatCache, digest_path, fsync, fsync_tree
    from mlops_pipeline.roots.file_stamps import FIELDS, Stamp, is_settled, stamp_of
    from mlops_pipeline.roots.local_copies import Copies, default_scratch, make_scratch
    from mlops_pipeline.roots.local_root import LocalRoot
    from mlops_pipeline.roots.object_store import (
        check_url,
        digest_listing,
        digest_uri,
        has_bucket,
        list_objects,
        read_bytes,
    )
    from mlops_pipeline.roots.places import Measured, Places, open_places, place_by_tail
    from mlops_pipeline.roots.remote_root import RemoteRoot
    from mlops_pipeline.roots.seals import is_sealed, key_name, seal
    from mlops_pipeline.roots.staging import OUTPUTS, STAGING, Attempt, Placed
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "artifact_root": "ArtifactRoot make_root open_root",
            "digests": "StatCache digest_path fsync fsync_tree",
            "file_stamps": "FIELDS Stamp is_settled stamp_of",
            "local_copies": "Copies default_scratch make_scratch",
            "local_root": "LocalRoot",
            "object_store": (
                "check_url digest_listing digest_uri has_bucket list_objects read_bytes"
            ),
            "places": "Measured Places open_places place_by_tail",
            "remote_root": "RemoteRoot",
            "seals": "is_sealed key_name seal",
            "staging": "Attempt OUTPUTS Placed STAGING",
        },
    )

__all__ = [
    "FIELDS",
    "OUTPUTS",
    "STAGING",
    "ArtifactRoot",
    "Attempt",
    "Copies",
    "LocalRoot",
    "Measured",
    "Placed",
    "Places",
    "RemoteRoot",
    "Stamp",
    "StatCache",
    "check_url",
    "default_scratch",
    "digest_listing",
    "digest_path",
    "digest_uri",
    "fsync",
    "fsync_tree",
    "has_bucket",
    "is_sealed",
    "is_settled",
    "key_name",
    "list_objects",
    "make_root",
    "make_scratch",
    "open_places",
    "open_root",
    "place_by_tail",
    "read_bytes",
    "seal",
    "stamp_of",
]
