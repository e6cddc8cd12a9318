"""How a version comes to answer: arms, the routing table, and rollouts with their controller.

`assignment` sends a key to an arm, always to the same one; `routing_table` says which versions
answer. A rollout is what its records in the store made it: `deciding` says what comes next, by
`checks` of the `evidence` in the request log, and `controller` does it.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.deployment.assignment import (
    Arm,
    Assigner,
    arm_of,
    fnv32a,
    growthbook_unit,
    unit_of,
)
from mlops_pipeline.deployment.routing_table import (
    ModelRoutes,
    RoutingTable,
    TableFile,
    parse_table,
    routes_of,
    update_routes,
    write_table,
)
from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.deployment.checks import CheckResult, CheckVerdict, check_step, together
    from mlops_pipeline.deployment.controller import (
        RolloutPlaces,
        act,
        advance,
        evidence_of,
        plan_rollout,
        run_controller,
        served_folder,
        served_number,
        start_rollout,
        verify_rollout,
    )
    from mlops_pipeline.deployment.deciding import checks_of, decide
    from mlops_pipeline.deployment.evidence import ArmEvidence, ErrorSums, Evidence
    from mlops_pipeline.deployment.rollout_plan import RolloutPlan, check_plan, steps_of
    from mlops_pipeline.deployment.rollouts import (
        Rollout,
        RolloutState,
        RolloutStep,
        list_rollouts,
        open_rollout,
    )
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "checks": "CheckResult CheckVerdict check_step together",
            "controller": "RolloutPlaces act advance evidence_of plan_rollout run_controller "
            "served_folder served_number start_rollout verify_rollout",
            "deciding": "checks_of decide",
            "evidence": "ArmEvidence ErrorSums Evidence",
            "rollout_plan": "RolloutPlan check_plan steps_of",
            "rollouts": "Rollout RolloutState RolloutStep list_rollouts open_rollout",
        },
    )

__all__ = [
    "Arm",
    "ArmEvidence",
    "Assigner",
    "CheckResult",
    "CheckVerdict",
    "ErrorSums",
    "Evidence",
    "ModelRoutes",
    "Rollout",
    "RolloutPlaces",
    "RolloutPlan",
    "RolloutState",
    "RolloutStep",
    "RoutingTable",
    "TableFile",
    "act",
    "advance",
    "arm_of",
    "check_plan",
    "check_step",
    "checks_of",
    "decide",
    "evidence_of",
    "fnv32a",
    "growthbook_unit",
    "list_rollouts",
    "open_rollout",
    "parse_table",
    "plan_rollout",
    "routes_of",
    "run_controller",
    "served_folder",
    "served_number",
    "start_rollout",
    "steps_of",
    "together",
    "unit_of",
    "update_routes",
    "verify_rollout",
    "write_table",
]
