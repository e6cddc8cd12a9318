"""Pages about models: one by slice and against the one before; data compared."""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.ui.views.models.data_page import read_data_page
    from mlops_pipeline.ui.views.models.model_page import read_card, read_model_page
else:
    __getattr__ = lazy_names(
        __name__,
        {"data_page": "read_data_page", "model_page": "read_card read_model_page"},
    )

__all__ = ["read_card", "read_data_page", "read_model_page"]
