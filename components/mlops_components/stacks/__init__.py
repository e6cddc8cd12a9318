"""Differences between versions of the TensorFlow libraries."""
