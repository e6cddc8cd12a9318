"""The server of a store: gRPC, its methods, and fair turns of clients."""
