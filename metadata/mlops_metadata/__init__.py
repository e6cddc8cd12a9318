"""Metadata stores over ML Metadata, for more than one process and for keeping."""
