"""Specifications of bulk inference, with TFX's names."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ModelSpec:
    """Signatures to call; if left out, `serving_default` of the graph tagged `serve`."""

    model_signature_name: list[str] = field(default_factory=list)
    tag: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class DataSpec:
    """Splits to read: all, if left out."""

    example_splits: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ClassifyOutput:
    """The columns for the classes of an example and their scores."""

    label_column: str = ""
    score_column: str = ""


@dataclass(frozen=True)
class RegressOutput:
    """The column for the value of an example."""

    value_column: str


@dataclass(frozen=True)
class PredictOutputCol:
    """An output of the model, and the column for it."""

    output_key: str
    output_column: str


@dataclass(frozen=True)
class PredictOutput:
    """The columns for the outputs of a predict signature."""

    output_columns: list[PredictOutputCol]


@dataclass(frozen=True)
class OutputColumnsSpec:
    """Columns for the answers of one signature; give one of the three."""

    signature_name: str = ""
    classify_output: ClassifyOutput | None = None
    regress_output: RegressOutput | None = None
    predict_output: PredictOutput | None = None


@dataclass(frozen=True)
class OutputExampleSpec:
    """Write examples that have the answers as further columns.

    Args:
        output_columns_spec: columns for the answers, by signature.
        example_columns: columns of the examples that are kept; None keeps all (not in TFX).
    """

    output_columns_spec: list[OutputColumnsSpec]
    example_columns: list[str] | None = None
