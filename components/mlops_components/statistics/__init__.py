"""Statistics of examples, as TensorFlow Data Validation defines them.

Computed, compared and validated against a schema; severities make a gate of what is found.
Modules with an underscore import TFDV or NumPy.
"""

from mlops_components.statistics.diff_config import (
    ConfusionConfig,
    ExampleDiffConfig,
    PairedExampleSkew,
)
from mlops_components.statistics.severity import Severity, judge

__all__ = [
    "ConfusionConfig",
    "ExampleDiffConfig",
    "PairedExampleSkew",
    "Severity",
    "_anomalies",
    "_compute",
    "_options",
    "_pair_examples",
    "_schema_text",
    "_tfdv",
    "judge",
]
