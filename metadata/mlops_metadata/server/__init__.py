"""The server of a metadata store.

gRPC with the methods of ML Metadata's own server; each client gets its turn.
"""

from mlops_metadata.server.grpc_server import serve

__all__ = ["serve"]
