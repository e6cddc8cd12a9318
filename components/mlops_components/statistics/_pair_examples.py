"""Pairs of examples compared by TFDV's feature skew detector, by either engine.

In memory, TFDV's own Beam transform is run in this process. Pairing holds the examples of both
splits, whatever the engine. This module imports TFDV when it is imported.
"""

from __future__ import annotations

import contextlib
import functools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apache_beam as beam
import tensorflow as tf
from google.protobuf.message import DecodeError, Message
from tensorflow_data_validation.skew import feature_skew_detector as detector
from tensorflow_data_validation.skew.protos import feature_skew_results_pb2 as skew_pb2

from mlops_components.engines import Choice, _memory_runner, open_pipeline
from mlops_components.engines._memory_steps import Stream
from mlops_components.records import SplitFiles, records_of_files
from mlops_components.records._beam_reads import Reads
from mlops_components.statistics._compute import beam_explained
from mlops_pipeline.artifacts import ExamplesDiff
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError

if TYPE_CHECKING:
    from mlops_components.statistics.diff_config import PairedExampleSkew

SKEW, SAMPLE, MATCH, CONFUSION = "skew_stats", "sample_pairs", "match_stats", "confusion"


@dataclass(frozen=True)
class Pair:
    """Files of two splits, and the folder for what differs."""

    test: SplitFiles
    base: SplitFiles
    folder: Path


@dataclass(frozen=True)
class SplitPairDiff:
    """Differences between two splits, as messages of TFDV.

    Args:
        features: `FeatureSkew` of each feature that is not the same everywhere.
        sample: `SkewPair`s.
        matches: the `MatchStats`: how many identifiers are in both, in one, or twice.
        confusion: `ConfusionCount`s.
    """

    features: list[Any]
    sample: list[Any]
    matches: Any
    confusion: list[Any]


def compare_splits(
    skew: PairedExampleSkew, pairs: Sequence[Pair], arguments: Sequence[str] | None, choice: Choice
) -> None:
    """Compare the splits of each pair, and write what TFX writes.

    Raises:
        ParameterError: no row of a split has the identifiers.
        ExecutorError: the examples cannot be read or compared.
    """
    folders = sorted({str(f.parent) for pair in pairs for f in (*pair.test, *pair.base)})
    with beam_explained(folders):
        if choice.is_beam:
            reads = Reads(pairs[0].folder.parent)
            with open_pipeline(arguments) as pipeline:
                for index, pair in enumerate(pairs):
                    _build(pipeline, skew, pair, reads.records, f"Pair[{index}]")
            reads.check()
        else:
            for pair in pairs:
                with _same_chance():
                    build = functools.partial(
                        _build, skew=skew, pair=pair, read=_from_stream, label="Pair"
                    )
                    _memory_runner.run(build)
    for pair in pairs:
        _check(skew, pair)


@contextlib.contextmanager
def _same_chance() -> Iterator[None]:
    """Draw the same sample in every run: Beam's sampling takes Python's random numbers."""
    state = random.getstate()
    random.seed(0)
    try:
        yield
    finally:
        random.setstate(state)


Read = Callable[[SplitFiles], Any]


def _from_stream(files: SplitFiles) -> Any:
    return Stream(lambda: (record for chunk in records_of_files(files) for record in chunk))


def _build(pipeline: Any, skew: PairedExampleSkew, pair: Pair, read: Read, label: str) -> None:
    """Add the comparison of a pair to a pipeline."""
    base, test = (
        pipeline
        | f"{label}/Read[{name}]" >> read(files)
        | f"{label}/Parse[{name}]" >> beam.Map(_parsed)
        for name, files in (("base", pair.base), ("test", pair.test))
    )
    found = (base, test) | f"{label}/Compare" >> detector.DetectFeatureSkewImpl(
        list(skew.identifier_features),
        features_to_ignore=list(skew.ignore_features),
        sample_size=skew.skew_sample_size,
        float_round_ndigits=skew.float_round_ndigits,
        allow_duplicate_identifiers=skew.allow_duplicate_identifiers,
        confusion_configs=[
            detector.ConfusionConfig(each.feature_name) for each in skew.confusion_config
        ],
    )
    for key, name, sink in _SINKS:
        if found.get(key) is not None:
            _ = found[key] | f"{label}/Write[{name}]" >> sink(str(pair.folder / name))


_SINKS = (
    (detector.SKEW_RESULTS_KEY, SKEW, detector.skew_results_sink),
    (detector.SKEW_PAIRS_KEY, SAMPLE, detector.skew_pair_sink),
    (detector.MATCH_STATS_KEY, MATCH, detector.match_stats_sink),
    (detector.CONFUSION_KEY, CONFUSION, detector.confusion_count_sink),
)


def _parsed(record: bytes) -> Any:
    try:
        example = tf.train.Example.FromString(record)
    except DecodeError:
        raise ExecutorError(
            "a record is not a tf.Example", hint="write the examples again", retryable=False
        ) from None
    for name in [name for name, f in example.features.feature.items() if not f.WhichOneof("kind")]:
        # A feature without a kind is one without values, which TFDV's detector stops at.
        del example.features.feature[name]
    return example


def _check(skew: PairedExampleSkew, pair: Pair) -> None:
    matches = read_pair(pair.folder).matches
    names = ", ".join(skew.identifier_features)
    for files, with_id, without in (
        (pair.base, matches.base_with_id_count, matches.base_missing_id_count),
        (pair.test, matches.test_with_id_count, matches.test_missing_id_count),
    ):
        if without and not with_id:
            raise ParameterError(
                f"no example in {files[0].parent} has the identifier_features {names}",
                hint="name features that the examples of both sides have",
            )


def read_diff(artifact: ExamplesDiff) -> dict[str, SplitPairDiff]:
    """Read the differences, by pair of splits: `train_eval`.

    Raises:
        NotFoundError: there are no results.
    """
    folders = sorted(artifact.path.glob("SplitPair-*"))
    if not folders:
        raise NotFoundError(
            f"there are no differences at {artifact.uri}", hint="run ExampleDiff again"
        )
    return {folder.name.partition("-")[2]: read_pair(folder) for folder in folders}


def read_pair(folder: Path) -> SplitPairDiff:
    """Read the differences between two splits."""
    features = list(_messages(folder, SKEW, skew_pb2.FeatureSkew))
    matches = [*_messages(folder, MATCH, skew_pb2.MatchStats), skew_pb2.MatchStats()]
    confusion = _messages(folder, CONFUSION, skew_pb2.ConfusionCount)
    return SplitPairDiff(
        sorted(features, key=lambda each: each.feature_name),
        list(_messages(folder, SAMPLE, skew_pb2.SkewPair)),
        matches[0],
        sorted(confusion, key=lambda each: each.SerializeToString(deterministic=True)),
    )


def _messages(folder: Path, name: str, kind: type[Message]) -> Iterator[Any]:
    for chunk in records_of_files(sorted(folder.glob(f"{name}-*-of-*"))):
        yield from map(kind.FromString, chunk)
