"""Web pages of what a store knows, on a small server of their own, or in one file.

`views` has the facts; here they become HTML and JSON, behind a guard. Nothing changes a store.
Needs the extra `ui`, which is imported only when pages are served.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.ui.notebook import PageCard, show_page
    from mlops_pipeline.ui.report import (
        LARGEST,
        Report,
        compare_parts,
        one_file,
        page_parts,
        run_parts,
        zip_file,
    )
    from mlops_pipeline.ui.server import LateStore, base_path, serve, url_of
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "notebook": "PageCard show_page",
            "report": "LARGEST Report compare_parts one_file page_parts run_parts zip_file",
            "server": "LateStore base_path serve url_of",
        },
    )

__all__ = [
    "LARGEST",
    "LateStore",
    "PageCard",
    "Report",
    "base_path",
    "compare_parts",
    "one_file",
    "page_parts",
    "run_parts",
    "serve",
    "show_page",
    "url_of",
    "zip_file",
]
