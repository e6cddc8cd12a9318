"""Web pages of what a store knows, on a small server of their own.

`views` has the facts; here they become HTML and JSON, behind a guard. Nothing changes a store.
Needs the extra `ui`, which is imported only when pages are served.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.ui.server import LateStore, base_path, serve, url_of
else:
    __getattr__ = lazy_names(__name__, {"server": "LateStore base_path serve url_of"})

__all__ = [
    "LateStore",
    "base_path",
    "serve",
    "url_of",
]
