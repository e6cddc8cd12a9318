"""Models in processes of their own: loaded, asked in batches, watched, replaced.

A process answers over a nameless Unix socket that only it and the server hold. The server knows
tensors as bytes, and imports nothing that a model needs.
"""

from mlops_pipeline.serving.models.batching import Batcher, BatchOptions
from mlops_pipeline.serving.models.catalogue import (
    FindLoader,
    ModelCatalogue,
    ModelSource,
    ServedModel,
    ServingOptions,
)
from mlops_pipeline.serving.models.failures import (
    BadInputFailure,
    LateFailure,
    ModelFailure,
    OverloadFailure,
    ServingFailure,
    UnavailableFailure,
    UnknownModelFailure,
)
from mlops_pipeline.serving.models.process import ProcessLimits
from mlops_pipeline.serving.models.signatures import (
    DEFAULT_SIGNATURE,
    LoadedModel,
    Signature,
    Tensors,
    TensorSpec,
)
from mlops_pipeline.serving.models.tensors import (
    STRING,
    Tensor,
    checked_tensor,
    of_lists,
    of_strings,
    to_lists,
    values_of,
)
from mlops_pipeline.serving.models.version import ServedVersion, VersionState

__all__ = [
    "DEFAULT_SIGNATURE",
    "STRING",
    "BadInputFailure",
    "BatchOptions",
    "Batcher",
    "FindLoader",
    "LateFailure",
    "LoadedModel",
    "ModelCatalogue",
    "ModelFailure",
    "ModelSource",
    "OverloadFailure",
    "ProcessLimits",
    "ServedModel",
    "ServedVersion",
    "ServingFailure",
    "ServingOptions",
    "Signature",
    "Tensor",
    "TensorSpec",
    "Tensors",
    "UnavailableFailure",
    "UnknownModelFailure",
    "VersionState",
    "checked_tensor",
    "of_lists",
    "of_strings",
    "to_lists",
    "values_of",
]
