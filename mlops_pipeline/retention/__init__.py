"""Retention: which artifacts may go, what that costs, and their removal.

`Policy` says what is kept, `plan_gc` finds what goes and what it costs, `apply_gc` removes it
beside runs that go on. Records stay, so that lineage, reports and comparisons go on.
"""

from mlops_pipeline.retention.costs import LostCache, LostLineage
from mlops_pipeline.retention.gc_plan import GcPlan, Going, Orphan, plan_gc
from mlops_pipeline.retention.policy import Policy, age_seconds, read_policy
from mlops_pipeline.retention.removal import Collected, apply_gc

__all__ = [
    "Collected",
    "GcPlan",
    "Going",
    "LostCache",
    "LostLineage",
    "Orphan",
    "Policy",
    "age_seconds",
    "apply_gc",
    "plan_gc",
    "read_policy",
]
