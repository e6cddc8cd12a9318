"""The metadata store: what is kept about runs, executions and artifacts.

`records` has the rows, `protocol` what a back end must do, `memory` a store that ends with the
process; `open_store` opens any of them by URL.
"""

from mlops_pipeline.store.memory import MemoryStore
from mlops_pipeline.store.open_by_url import (
    file_of,
    import_tfx,
    is_there,
    make_folder,
    make_store_folder,
    open_memory,
    open_store,
)
from mlops_pipeline.store.protocol import MetadataStore
from mlops_pipeline.store.records import (
    NOTHING,
    AlreadyExistsError,
    ArtifactRecord,
    ArtifactState,
    ArtifactType,
    Direction,
    Event,
    Execution,
    Run,
    StaleExecutionError,
    State,
)

__all__ = [
    "NOTHING",
    "AlreadyExistsError",
    "ArtifactRecord",
    "ArtifactState",
    "ArtifactType",
    "Direction",
    "Event",
    "Execution",
    "MemoryStore",
    "MetadataStore",
    "Run",
    "StaleExecutionError",
    "State",
    "file_of",
    "import_tfx",
    "is_there",
    "make_folder",
    "make_store_folder",
    "open_memory",
    "open_store",
]
