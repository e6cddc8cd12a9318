"""The interfaces of a server of models: TensorFlow Serving's REST, and the Open Inference Protocol.

A bare ASGI application: requests are read within limits, and answered through the router.
"""

from mlops_pipeline.serving.web.app import METRICS_PATH, ServingApp
from mlops_pipeline.serving.web.requests import WebOptions, WebReply, WebRequest
from mlops_pipeline.serving.web.slow_clients import patient_protocol
from mlops_pipeline.serving.web.tf_forms import classes_of, numbers_of

__all__ = [
    "METRICS_PATH",
    "ServingApp",
    "WebOptions",
    "WebReply",
    "WebRequest",
    "classes_of",
    "numbers_of",
    "patient_protocol",
]
