"""TensorFlow Serving's gRPC services, where grpcio and protobuf are installed."""

from mlops_pipeline.serving.rpc.services import make_grpc_server

__all__ = ["make_grpc_server"]
