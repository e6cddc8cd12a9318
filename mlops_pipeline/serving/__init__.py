"""Models served over HTTP: TensorFlow Serving's interface, and the Open Inference Protocol.

`models` has the processes in which models are loaded. Nothing here knows a machine-learning
library; a loader, found by an entry point, does. Needs the extra `serve`.
"""

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

__all__ = [
    "DEFAULT_SIGNATURE",
    "STRING",
    "BadInputFailure",
    "LoadedModel",
    "ModelFailure",
    "Signature",
    "Tensor",
    "TensorSpec",
    "Tensors",
    "of_lists",
    "of_strings",
    "to_lists",
    "values_of",
]
