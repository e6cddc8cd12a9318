"""Models as they are served.

A model is loaded and asked in a process of its own, or behind TensorFlow Serving. Modules with an
underscore import TensorFlow.
"""

from mlops_components.models.inference_specs import (
    ClassifyOutput,
    DataSpec,
    ModelSpec,
    OutputColumnsSpec,
    OutputExampleSpec,
    PredictOutput,
    PredictOutputCol,
    RegressOutput,
)
from mlops_components.models.process import STAMPED_FOLDER, Findings, Limits, examine
from mlops_components.models.tensorflow_serving import BINARY, find_server, serve

__all__ = [
    "BINARY",
    "STAMPED_FOLDER",
    "ClassifyOutput",
    "DataSpec",
    "Findings",
    "Limits",
    "ModelSpec",
    "OutputColumnsSpec",
    "OutputExampleSpec",
    "PredictOutput",
    "PredictOutputCol",
    "RegressOutput",
    "_graph_ops",
    "_inference",
    "_saved_model",
    "examine",
    "find_server",
    "serve",
]
