"""Pages of models and their data: lists, one model by slice, data compared, and what was reused."""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.ui.views.models.catalogue import (
        DatasetList,
        ModelList,
        SearchPage,
        read_datasets,
        read_models,
        search,
    )
    from mlops_pipeline.ui.views.models.data_page import DataPage, read_data_page
    from mlops_pipeline.ui.views.models.model_page import ModelPage, read_card, read_model_page
    from mlops_pipeline.ui.views.models.reuse_page import ReusePage, read_reuse_page
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "catalogue": "DatasetList ModelList SearchPage read_datasets read_models search",
            "data_page": "DataPage read_data_page",
            "model_page": "ModelPage read_card read_model_page",
            "reuse_page": "ReusePage read_reuse_page",
        },
    )

__all__ = [
    "DataPage",
    "DatasetList",
    "ModelList",
    "ModelPage",
    "ReusePage",
    "SearchPage",
    "read_card",
    "read_data_page",
    "read_datasets",
    "read_model_page",
    "read_models",
    "read_reuse_page",
    "search",
]
