"""SQL over Arrow arrays: the part of GoogleSQL that slices and validations use.

It stands in where a library has no SQL engine. Modules with an underscore import PyArrow.
"""

__all__ = ["_evaluate", "_slices", "_types", "_unfit"]
