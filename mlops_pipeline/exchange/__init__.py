"""Exchange: a run with its whole lineage as one file, which another store takes in.

The file is a ZIP of JSON and, where asked for, of artifacts: nothing in it is executed, all of it
is checked by digests before anything is recorded, and it is recorded at once.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.exchange.archive import LIMIT, open_archive
    from mlops_pipeline.exchange.exporting import Exported, export_run
    from mlops_pipeline.exchange.importing_runs import ImportedRuns, import_runs
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "archive": "LIMIT open_archive",
            "exporting": "Exported export_run",
            "importing_runs": "ImportedRuns import_runs",
        },
    )

__all__ = ["LIMIT", "Exported", "ImportedRuns", "export_run", "import_runs", "open_archive"]
