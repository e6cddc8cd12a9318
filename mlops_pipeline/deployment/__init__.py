"""Who is answered by which version of a model.

`assignment` sends a key to an arm, always to the same one.
"""

from mlops_pipeline.deployment.assignment import (
    Arm,
    Assigner,
    arm_of,
    fnv32a,
    growthbook_unit,
    unit_of,
)

__all__ = ["Arm", "Assigner", "arm_of", "fnv32a", "growthbook_unit", "unit_of"]
