"""Differences between versions of the TensorFlow libraries.

Code that works on more than one set of versions asks here. Modules with an underscore import one
of these libraries.
"""

__all__ = ["_protobuf", "_tfdv", "_tfma", "_tfx_bsl"]
