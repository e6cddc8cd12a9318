"""Pages of a model by slice, of the data behind models, and of what runs reused."""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.ui.views.models.data_page import DataPage, read_data_page
    from mlops_pipeline.ui.views.models.model_page import ModelPage, read_card, read_model_page
    from mlops_pipeline.ui.views.models.reuse_page import ReusePage, read_reuse_page
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "data_page": "DataPage read_data_page",
            "model_page": "ModelPage read_card read_model_page",
            "reuse_page": "ReusePage read_reuse_page",
        },
    )

__all__ = [
    "DataPage",
    "ModelPage",
    "ReusePage",
    "read_card",
    "read_data_page",
    "read_model_page",
    "read_reuse_page",
]
