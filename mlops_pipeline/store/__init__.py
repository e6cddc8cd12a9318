"""The metadata store: what is kept about runs, executions and artifacts.

`records` has the rows, `protocol` what a back end must do, `memory` a store that ends with the
process; `open_store` opens any of them by URL, `upkeep` looks after the database of one.
"""

from mlops_pipeline.store.memory import MemoryStore
from mlops_pipeline.store.open_by_url import (
    file_of,
    import_tfx,
    is_there,
    make_folder,
    make_store_folder,
    only_existing,
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
from mlops_pipeline.store.upkeep import (
    FIRST,
    Backup,
    CopiedTable,
    StoreCheck,
    back_up,
    check_tables,
    copy_store,
    live_artifacts,
    running_executions,
)

__all__ = [
    "FIRST",
    "NOTHING",
    "AlreadyExistsError",
    "ArtifactRecord",
    "ArtifactState",
    "ArtifactType",
    "Backup",
    "CopiedTable",
    "Direction",
    "Event",
    "Execution",
    "MemoryStore",
    "MetadataStore",
    "Run",
    "StaleExecutionError",
    "State",
    "StoreCheck",
    "back_up",
    "check_tables",
    "copy_store",
    "file_of",
    "import_tfx",
    "is_there",
    "live_artifacts",
    "make_folder",
    "make_store_folder",
    "only_existing",
    "open_memory",
    "open_store",
    "running_executions",
]
