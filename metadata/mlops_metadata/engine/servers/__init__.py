"""Databases on servers: one way to connect again and to repeat, and a driver for each kind."""

from mlops_metadata.engine.servers.database import ServerDatabase

__all__ = ["ServerDatabase", "database", "mysql", "postgresql"]
