"""The cache: results that need not be computed again.

A `Key` sums up code, inputs, parameters and environment of a node; `find_reusable` looks for an
execution with the same key, and `why_node` says which part of a key has changed.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.cache.key import Found, Key, find_reusable, make_key
    from mlops_pipeline.cache.why import Change, Why, explain, why_node
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "key": "Found Key find_reusable make_key",
            "why": "Change Why explain why_node",
        },
    )

__all__ = ["Change", "Found", "Key", "Why", "explain", "find_reusable", "make_key", "why_node"]
