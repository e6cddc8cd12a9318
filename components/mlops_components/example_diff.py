"""`ExampleDiff`: pairs examples by their identifiers and compares them feature by feature."""

from __future__ import annotations

import itertools

from mlops_components.engines import Engine, choose
from mlops_components.records import files_of_split, split_pairs
from mlops_components.statistics import ExampleDiffConfig
from mlops_pipeline import Input, Output, Unkeyed, component
from mlops_pipeline.artifacts import Examples, ExamplesDiff
from mlops_pipeline.errors import ParameterError


@component(base_type="Process")
def ExampleDiff(
    examples_test: Input[Examples],
    examples_base: Input[Examples],
    *,
    example_diff_result: Output[ExamplesDiff],
    config: ExampleDiffConfig,
    include_split_pairs: list[tuple[str, str]] | None = None,
    engine: Unkeyed[Engine] = "auto",
    beam_pipeline_args: Unkeyed[list[str] | None] = None,
) -> None:
    """Find the features that differ between examples that belong together, with TFDV.

    Args:
        include_split_pairs: pairs of a split of `examples_test` and one of `examples_base`; all
            pairs by default.
        engine: `memory`, `beam`, or `auto`, which goes by the size of the examples.
        beam_pipeline_args: options of Beam and its runner.
    """
    from mlops_components.statistics import _pair_examples

    skew = config.paired_example_skew
    if not skew.identifier_features:
        raise ParameterError(
            "paired_example_skew names no identifier_features",
            hint="name the features by which rows belong together",
        )
    test_splits, base_splits = examples_test.splits, examples_base.splits
    every = list(itertools.product(test_splits, base_splits))
    named = split_pairs(test_splits, base_splits, include_split_pairs or every)
    pairs = [
        _pair_examples.Pair(
            files_of_split(examples_test, test),
            files_of_split(examples_base, base),
            example_diff_result.path / f"SplitPair-{test}_{base}",
        )
        for test, base in named
    ]
    choice = choose(
        engine,
        {file for pair in pairs for file in (*pair.test, *pair.base)},
        beam_pipeline_args,
        holds_all=True,
    )
    choice.note(example_diff_result)
    _pair_examples.compare_splits(
        skew, pairs, beam_pipeline_args if choice.is_beam else None, choice
    )
