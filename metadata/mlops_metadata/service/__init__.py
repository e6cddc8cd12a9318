"""ML Metadata's service over any database of the engine: requests in, responses out.

`methods` answers the bytes of requests; there is nothing of gRPC here, and nothing of ML Metadata
but its messages.
"""

from mlops_metadata.service.answers import Answer, Method, methods
from mlops_metadata.service.refused import Code

__all__ = ["Answer", "Code", "Method", "methods"]
