"""The cache: results that need not be computed again.

A `Key` sums up code, inputs, parameters and environment of a node; `find_reusable` looks for an
execution with the same key whose observation (what else it was seen to use) still holds, and
`why_node` says which part has changed.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.cache.key import OBSERVED, Found, Key, find_reusable, make_key
    from mlops_pipeline.cache.observed import keep, with_variables
    from mlops_pipeline.cache.sealed import SEAL, why_altered, why_row_altered, with_seal
    from mlops_pipeline.cache.why import Change, Why, explain, first_difference, why_node
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "key": "Found Key OBSERVED find_reusable make_key",
            "observed": "keep with_variables",
            "sealed": "SEAL why_altered why_row_altered with_seal",
            "why": "Change Why explain first_difference why_node",
        },
    )

__all__ = [
    "OBSERVED",
    "SEAL",
    "Change",
    "Found",
    "Key",
    "Why",
    "explain",
    "find_reusable",
    "first_difference",
    "keep",
    "make_key",
    "why_altered",
    "why_node",
    "why_row_altered",
    "with_seal",
    "with_variables",
]
