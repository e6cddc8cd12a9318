"""Loaders of models for `mlops serve`, each in the process of its model.

The modules with an underscore import TensorFlow, scikit-learn or NumPy.
"""

from mlops_components.serving.functions import load_function
from mlops_components.serving.loaders import load_saved_model, load_scikit_learn

__all__ = ["load_function", "load_saved_model", "load_scikit_learn"]
