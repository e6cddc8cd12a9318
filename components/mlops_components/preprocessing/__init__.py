"""Preprocessing by TensorFlow Transform.

Analysis of the data with a cache for each span, and the application of its graph. Modules with an
underscore import TensorFlow.
"""

from mlops_components.preprocessing.parts import CacheFolders, Part

__all__ = ["CacheFolders", "Part", "_analyze", "_apply", "_infinite"]
