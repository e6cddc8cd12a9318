"""Import of the metadata stores that TFX writes.

`source` reads one, `copy` writes what it holds into a store of ours.
"""

from mlops_metadata.tfx_import.copy import import_tfx_store

__all__ = ["import_tfx_store"]
