"""Effects of anomalies: a severity for each kind of them, and the gate that it makes."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from mlops_pipeline.executors import current_task

log = logging.getLogger(__name__)

Action = Literal["record", "warn", "skip", "fail"]
"""Effect of an anomaly: only its record, or an action of `TaskContext.gate`."""

AnomalyKind = Literal[
    "*",
    "BOOL_TYPE_BIG_INT",
    "BOOL_TYPE_BYTES_NOT_INT",
    "BOOL_TYPE_BYTES_NOT_STRING",
    "BOOL_TYPE_FLOAT_NOT_INT",
    "BOOL_TYPE_FLOAT_NOT_STRING",
    "BOOL_TYPE_INT_NOT_STRING",
    "BOOL_TYPE_INVALID_CONFIG",
    "BOOL_TYPE_SMALL_INT",
    "BOOL_TYPE_STRING_NOT_INT",
    "BOOL_TYPE_UNEXPECTED_FLOAT",
    "BOOL_TYPE_UNEXPECTED_STRING",
    "COMPARATOR_CONTROL_DATA_MISSING",
    "COMPARATOR_HIGH_NUM_EXAMPLES",
    "COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH",
    "COMPARATOR_LOW_NUM_EXAMPLES",
    "COMPARATOR_L_INFTY_HIGH",
    "COMPARATOR_NORMALIZED_ABSOLUTE_DIFFERENCE_HIGH",
    "COMPARATOR_TREATMENT_DATA_MISSING",
    "CUSTOM_VALIDATION",
    "DATASET_HIGH_NUM_EXAMPLES",
    "DATASET_LOW_NUM_EXAMPLES",
    "DERIVED_FEATURE_BAD_LIFECYCLE",
    "DERIVED_FEATURE_INVALID_SOURCE",
    "DOMAIN_INVALID_FOR_TYPE",
    "EMBEDDING_SHAPE_INVALID",
    "ENUM_TYPE_BYTES_NOT_STRING",
    "ENUM_TYPE_FLOAT_NOT_STRING",
    "ENUM_TYPE_INT_NOT_STRING",
    "ENUM_TYPE_INVALID_UTF8",
    "ENUM_TYPE_UNEXPECTED_STRING_VALUES",
    "FEATURE_COVERAGE_TOO_LOW",
    "FEATURE_COVERAGE_TOO_SHORT_AVG_TOKEN_LENGTH",
    "FEATURE_MISSING_NAME",
    "FEATURE_MISSING_TYPE",
    "FEATURE_TYPE_HIGH_NUMBER_VALUES",
    "FEATURE_TYPE_HIGH_UNIQUE",
    "FEATURE_TYPE_LOW_FRACTION_PRESENT",
    "FEATURE_TYPE_LOW_NUMBER_PRESENT",
    "FEATURE_TYPE_LOW_NUMBER_VALUES",
    "FEATURE_TYPE_LOW_UNIQUE",
    "FEATURE_TYPE_NOT_PRESENT",
    "FEATURE_TYPE_NO_UNIQUE",
    "FEATURE_TYPE_NO_VALUES",
    "FEATURE_TYPE_UNEXPECTED_REPEATED",
    "FLOAT_TYPE_BIG_FLOAT",
    "FLOAT_TYPE_HAS_INF",
    "FLOAT_TYPE_HAS_NAN",
    "FLOAT_TYPE_NON_STRING",
    "FLOAT_TYPE_NOT_FLOAT",
    "FLOAT_TYPE_SMALL_FLOAT",
    "FLOAT_TYPE_STRING_NOT_FLOAT",
    "FLOAT_TYPE_UNKNOWN_TYPE_NUMBER",
    "INT_TYPE_BIG_INT",
    "INT_TYPE_INT_EXPECTED",
    "INT_TYPE_NOT_INT_STRING",
    "INT_TYPE_NOT_STRING",
    "INT_TYPE_SMALL_INT",
    "INT_TYPE_STRING_EXPECTED",
    "INT_TYPE_UNKNOWN_TYPE_NUMBER",
    "INVALID_DOMAIN_SPECIFICATION",
    "INVALID_FEATURE_SHAPE",
    "INVALID_SCHEMA_SPECIFICATION",
    "LOW_SUPPORTED_IMAGE_FRACTION",
    "MAX_IMAGE_BYTE_SIZE_EXCEEDED",
    "MULTIPLE_REASONS",
    "NLP_WRONG_LOCATION",
    "NO_DATA_IN_SPAN",
    "SCHEMA_MISSING_COLUMN",
    "SCHEMA_NEW_COLUMN",
    "SCHEMA_TRAINING_SERVING_SKEW",
    "SEMANTIC_DOMAIN_UPDATE",
    "SEQUENCE_VALUE_TOO_FEW_OCCURRENCES",
    "SEQUENCE_VALUE_TOO_LARGE_FRACTION",
    "SEQUENCE_VALUE_TOO_MANY_OCCURRENCES",
    "SEQUENCE_VALUE_TOO_SMALL_FRACTION",
    "SPARSE_FEATURE_LENGTH_MISMATCH",
    "SPARSE_FEATURE_MISSING_INDEX",
    "SPARSE_FEATURE_MISSING_VALUE",
    "SPARSE_FEATURE_NAME_COLLISION",
    "STATS_NOT_AVAILABLE",
    "STRING_TYPE_NOW_FLOAT",
    "STRING_TYPE_NOW_INT",
    "UNEXPECTED_DATA_TYPE",
    "UNKNOWN_TYPE",
    "VALUE_NESTEDNESS_MISMATCH",
    "WEIGHTED_FEATURE_LENGTH_MISMATCH",
    "WEIGHTED_FEATURE_MISSING_VALUE",
    "WEIGHTED_FEATURE_MISSING_WEIGHT",
    "WEIGHTED_FEATURE_NAME_COLLISION",
]
"""The names of `AnomalyInfo.Type`; `*` stands for all that are not named."""

Severity = dict[AnomalyKind, Action]


@dataclass(frozen=True)
class Anomaly:
    """One reason why data does not pass.

    Args:
        feature: the feature, with its slice if it is one of a slice; empty for the whole dataset.
    """

    feature: str
    kind: str
    description: str


def judge(split: str, found: Iterable[Anomaly], severity: Severity | None) -> None:
    """Log the anomalies of a split, and close the task's gate as their severity asks for."""
    known = {str(kind): str(action) for kind, action in (severity or {}).items()}
    for each in found:
        feature = f"{each.feature}: " if each.feature else ""
        reason = f"split {split}: {feature}{each.description} ({each.kind})"
        action = known.get(each.kind, known.get("*", "record"))
        log.warning("%s", reason)
        if action != "record":
            current_task().gate(action, reason)
