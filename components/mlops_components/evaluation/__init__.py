"""Evaluation of models, as TensorFlow Model Analysis defines it.

Configuration, metrics, slices, thresholds and result files, over Beam or in memory. Modules with
an underscore import TensorFlow or NumPy.
"""

from mlops_components.evaluation.files import METRICS_FILE, PLOTS_FILE

__all__ = ["METRICS_FILE", "PLOTS_FILE", "_config", "_models", "_results", "_tfma"]
