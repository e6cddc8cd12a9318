"""Preprocessing by TensorFlow Transform: analysis, its cache, and the application."""
