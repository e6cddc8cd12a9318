"""Differences between versions of protobuf."""

from __future__ import annotations

from typing import Any


def is_repeated(field: Any) -> bool:
    """Return whether a field of a message holds several values."""
    # From protobuf 6.31 on, asking for the label is deprecated.
    asked = getattr(field, "is_repeated", None)
    return bool(field.label == field.LABEL_REPEATED if asked is None else asked)
