"""Long texts in top values, as they are.

TFDV's sketches count all texts over 1 kB as one, `__LARGE_BYTES__`, and a schema that is inferred
has that in its domain. TFX counts exactly, and keeps them. Here they are kept up to a size that
bounds the sketch; bytes that are no text, such as images, have a mark of their own whatever their
size.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from tensorflow_data_validation import constants
from tensorflow_data_validation.statistics.generators import top_k_uniques_sketch_stats_generator

LONGEST = 64 << 10
"""Bytes of the longest text that is counted as itself."""

_NAME = "_LARGE_STRING_THRESHOLD"


@contextlib.contextmanager
def keeping_long_texts() -> Iterator[None]:
    """Make TFDV's sketches of this process keep long texts, inside the context."""
    before = getattr(top_k_uniques_sketch_stats_generator, _NAME)
    setattr(top_k_uniques_sketch_stats_generator, _NAME, LONGEST)
    try:
        yield
    finally:
        setattr(top_k_uniques_sketch_stats_generator, _NAME, before)


class Keep(beam.DoFn):  # type: ignore[misc]
    """Does the same in the workers of a Beam pipeline, on the way to the sketches."""

    def setup(self) -> None:
        """Set the limit of this process, once."""
        setattr(top_k_uniques_sketch_stats_generator, _NAME, LONGEST)

    def process(self, batch: Any) -> Iterator[Any]:
        """Hand on a batch as it is."""
        yield batch


def drop_placeholders(schema: Any) -> None:
    """Remove the domains of a schema that have the mark of a long text for a value."""
    named = {
        domain.name
        for domain in schema.string_domain
        if constants.LARGE_BYTES_PLACEHOLDER in domain.value
    }
    for at in reversed(range(len(schema.string_domain))):
        if schema.string_domain[at].name in named:
            del schema.string_domain[at]
    _drop(schema.feature, named)


def _drop(features: Any, named: set[str]) -> None:
    for feature in features:
        of_its_own = feature.HasField("string_domain") and (
            constants.LARGE_BYTES_PLACEHOLDER in feature.string_domain.value
        )
        if of_its_own or feature.domain in named:
            feature.ClearField("string_domain")
            feature.ClearField("domain")
        _drop(feature.struct_domain.feature, named)
