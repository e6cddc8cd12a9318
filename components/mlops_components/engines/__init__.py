"""Engines: what runs the transforms of a component, Apache Beam or one process in memory.

`choose` picks one by the size of the input. Modules with an underscore import Beam.
"""

from mlops_components.engines.choice import Choice, Engine, choose, open_pipeline

__all__ = [
    "Choice",
    "Engine",
    "_memory_runner",
    "_memory_steps",
    "choose",
    "open_pipeline",
]
