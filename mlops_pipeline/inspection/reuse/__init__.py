"""What runs took from earlier ones: cached results, what edits lost of these, earlier state."""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.inspection.reuse.carried import CarriedState, read_carried
    from mlops_pipeline.inspection.reuse.determinism import KeyRuns, read_determinism
    from mlops_pipeline.inspection.reuse.ledger import Edit, Ledger, Miss, NodeReuse, read_ledger
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "carried": "CarriedState read_carried",
            "determinism": "KeyRuns read_determinism",
            "ledger": "Edit Ledger Miss NodeReuse read_ledger",
        },
    )

__all__ = [
    "CarriedState",
    "Edit",
    "KeyRuns",
    "Ledger",
    "Miss",
    "NodeReuse",
    "read_carried",
    "read_determinism",
    "read_ledger",
]
