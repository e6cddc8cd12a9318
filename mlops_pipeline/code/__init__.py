"""The code that a component reaches, by static analysis.

The parts that count go into its cache key in a normal form, in which comments and layout do not
matter; nothing of the user's is imported for it.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.code.find_module import Finder, is_first_party, may_be_imported
    from mlops_pipeline.code.parts import CodeParts, code_parts, diff, merged, package_now
    from mlops_pipeline.code.source_file import load_source
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "find_module": "Finder is_first_party may_be_imported",
            "parts": "CodeParts code_parts diff merged package_now",
            "source_file": "load_source",
        },
    )

__all__ = [
    "CodeParts",
    "Finder",
    "code_parts",
    "diff",
    "is_first_party",
    "load_source",
    "may_be_imported",
    "merged",
    "package_now",
]
