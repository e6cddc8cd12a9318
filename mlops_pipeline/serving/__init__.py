"""Models served over HTTP: TensorFlow Serving's interface, and the Open Inference Protocol.

`models` has the processes in which models are loaded. Nothing here knows a machine-learning
library; a loader, found by an entry point, does. Needs the extra `serve`.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.deployment import ModelRoutes, RoutingTable, write_table
from mlops_pipeline.lazy_names import lazy_names
from mlops_pipeline.serving.models import (
    DEFAULT_SIGNATURE,
    STRING,
    BadInputFailure,
    LoadedModel,
    ModelFailure,
    Signature,
    Tensor,
    Tensors,
    TensorSpec,
    of_lists,
    of_strings,
    to_lists,
    values_of,
)

if TYPE_CHECKING:
    from mlops_pipeline.serving.server import LogPlan, ServerPlan, check_certificate, run_server
    from mlops_pipeline.serving.web import WebOptions
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "server": "LogPlan ServerPlan check_certificate run_server",
            "web": "WebOptions",
        },
    )

__all__ = [
    "DEFAULT_SIGNATURE",
    "STRING",
    "BadInputFailure",
    "LoadedModel",
    "LogPlan",
    "ModelFailure",
    "ModelRoutes",
    "RoutingTable",
    "ServerPlan",
    "Signature",
    "Tensor",
    "TensorSpec",
    "Tensors",
    "WebOptions",
    "check_certificate",
    "of_lists",
    "of_strings",
    "run_server",
    "to_lists",
    "values_of",
    "write_table",
]
