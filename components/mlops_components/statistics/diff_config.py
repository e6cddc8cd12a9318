"""Configuration of the comparison of two datasets, example by example."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ConfusionConfig:
    """A feature of one text a row: how often which value in one set meets which in the other."""

    feature_name: str


@dataclass(frozen=True)
class PairedExampleSkew:
    """Options for pairing and comparing examples.

    Args:
        identifier_features: rows with equal values of all these belong together.
        skew_sample_size: pairs that differ to write as a sample.
        ignore_features: what is not compared.
        float_round_ndigits: decimals to which floats are rounded first; 0, as in TFX: whole
            numbers. None compares all digits.
        allow_duplicate_identifiers: compare each with each; identifiers that are there more
            than once are left out otherwise.
    """

    identifier_features: list[str]
    skew_sample_size: int = 0
    ignore_features: list[str] = field(default_factory=list)
    float_round_ndigits: int | None = 0
    allow_duplicate_identifiers: bool = False
    confusion_config: list[ConfusionConfig] = field(default_factory=list)


@dataclass(frozen=True)
class ExampleDiffConfig:
    """Configuration of ExampleDiff."""

    paired_example_skew: PairedExampleSkew
