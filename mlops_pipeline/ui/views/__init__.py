"""The facts of each page, as one frozen dataclass a page, read through `inspection`.

The command, the JSON API and the web pages show the same facts. Knows nothing of the web, and needs
no extra; what records hold is taken for what it is, also where another program has written it.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.ui.views.artifact_pages import IMAGES, find_artifact, kind_of
    from mlops_pipeline.ui.views.files import SHOWN, open_file
    from mlops_pipeline.ui.views.graphs import PageGraph
    from mlops_pipeline.ui.views.links import ArtifactLink, address_of
    from mlops_pipeline.ui.views.models import read_card
    from mlops_pipeline.ui.views.pages import PAGES, read_page, split_address
    from mlops_pipeline.ui.views.plain_values import finite, plain, shown
    from mlops_pipeline.ui.views.reader import Reader, open_unchanged
    from mlops_pipeline.ui.views.run_pages import RunPage, read_run_page
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "artifact_pages": "IMAGES find_artifact kind_of",
            "files": "SHOWN open_file",
            "models": "read_card",
            "graphs": "PageGraph",
            "links": "ArtifactLink address_of",
            "pages": "PAGES read_page split_address",
            "plain_values": "finite plain shown",
            "reader": "Reader open_unchanged",
            "run_pages": "RunPage read_run_page",
        },
    )

__all__ = [
    "IMAGES",
    "PAGES",
    "SHOWN",
    "ArtifactLink",
    "PageGraph",
    "Reader",
    "RunPage",
    "address_of",
    "find_artifact",
    "finite",
    "kind_of",
    "open_file",
    "open_unchanged",
    "plain",
    "read_card",
    "read_page",
    "read_run_page",
    "shown",
    "split_address",
]
