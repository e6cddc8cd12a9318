"""Results of analyzers, dataset by dataset, for a later analysis of some of the same data.

A dataset is a split of one artifact, known by its content. Its folder holds a compressed TFRecord
file for each entry, as TFT writes them, and `MANIFEST.json`, which says what they are. TFT's own
manifest is a pickle, which could run code when it is read: ours is not, and the accumulators that
TFT pickles are read as nothing but the numbers they are.

This module imports TFT and Beam when it is imported.
"""

from __future__ import annotations

import io
import json
import logging
import pickle
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
from tensorflow_transform import analyzer_nodes, analyzers
from tensorflow_transform.beam import analysis_graph_builder as graphs
from tensorflow_transform.beam.analyzer_cache import DatasetCache, DatasetKey

from mlops_components.engines._memory_steps import Stream
from mlops_components.records import SplitFiles, records_of_files

log = logging.getLogger(__name__)

MANIFEST_FILE = "MANIFEST.json"

Entries = dict[bytes, Path]
"""The file of each entry, by the key that TFT gives the entry."""


@dataclass(frozen=True)
class Dataset:
    """Examples that are analyzed together, and what they are known by."""

    key: str
    files: SplitFiles

    @property
    def tft_key(self) -> Any:
        """The key as TFT takes it."""
        return DatasetKey(self.key)


@dataclass(frozen=True)
class Cache:
    """Parts of an analysis that are in the cache.

    Args:
        entries: by dataset; only the ones that the analysis asks for.
        unread: datasets that need not be read.
    """

    entries: Mapping[str, Entries]
    unread: frozenset[str]

    def collections(self, pipeline: Any) -> dict[Any, Any]:
        """Return the entries as TFT takes them."""
        return {
            DatasetKey(key): DatasetCache(
                {
                    name: pipeline | f"Cached[{key}][{number}]" >> _read(path)
                    for number, (name, path) in enumerate(sorted(entries.items()))
                },
                None,
            )
            for key, entries in self.entries.items()
        }


NOTHING = Cache({}, frozenset())


def find(
    folder: Path, datasets: Sequence[Dataset], preprocess: Any, specs: Any, compat_v1: bool
) -> Cache:
    """Look for what an analysis of these datasets can use.

    Args:
        preprocess: traced to see which entries it needs; `runs_python` says afterwards whether
            it has operations that TFT's keys know nothing of.
    """
    found = {d.key: entries for d in datasets if (entries := _manifest(folder / d.key))}
    if not found:
        return NOTHING
    keys = [d.tft_key for d in datasets]
    traced = (preprocess, specs, keys)
    needed = graphs.get_analysis_cache_entry_keys(*traced, compat_v1)
    if preprocess.runs_python:
        log.warning("no analyzer cache: preprocessing_fn has Python functions in its graph")
        return NOTHING
    usable = {
        key: {name: path for name, path in cached.items() if name in needed}
        for key, cached in found.items()
    }
    # Only names are looked at.
    given = {DatasetKey(k): DatasetCache(dict.fromkeys(e, True), None) for k, e in usable.items()}
    read = graphs.get_analysis_dataset_keys(*traced, given, compat_v1)
    unread = frozenset(d.key for d in datasets if d.tft_key not in read)
    return Cache({key: cached for key, cached in usable.items() if cached}, unread)


def add_writes(computed: Any, cache: Cache, folder: Path) -> dict[str, list[bytes]]:
    """Add the writing of new entries to a pipeline; gives their keys by dataset, in order."""
    written = {}
    for dataset, entries in computed.items():
        target = folder / dataset.key
        target.mkdir(parents=True, exist_ok=True)
        old = len(cache.entries.get(dataset.key, ()))
        written[dataset.key] = sorted(entries.keys())
        for number, name in enumerate(written[dataset.key], old):
            _ = entries.get(name) | f"Cache[{dataset.key}][{number}]" >> beam.io.WriteToTFRecord(
                str(target / str(number)), file_name_suffix=".gz"
            )
    return written


def finish(written: Mapping[str, Sequence[bytes]], cache: Cache, folder: Path) -> None:
    """Take over the used parts of the old cache, and write the manifests."""
    for key in {*written, *cache.entries}:
        target = folder / key
        target.mkdir(parents=True, exist_ok=True)
        names = sorted(cache.entries.get(key, ()))
        for number, name in enumerate(names):
            for file in _shards(cache.entries[key][name]):
                shard = file.name.partition("-")[2]
                shutil.copyfile(file, target / f"{number}-{shard}")
        names += written.get(key, ())
        manifest = {name.hex(): number for number, name in enumerate(names)}
        (target / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")


def _manifest(folder: Path) -> Entries:
    path = folder / MANIFEST_FILE
    try:
        found = json.loads(path.read_text())
        return {bytes.fromhex(name): folder / str(int(number)) for name, number in found.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError, TypeError) as error:
        # What is lost is time.
        log.warning("the analyzer cache at %s is left out: %s", path, error)
        return {}


def _shards(prefix: Path) -> list[Path]:
    return sorted(prefix.parent.glob(f"{prefix.name}-*-of-*.gz"))


def _read(prefix: Path) -> Any:
    def records() -> Iterator[bytes]:
        for chunk in records_of_files(_shards(prefix)):
            yield from chunk

    return Stream(records)


class SketchCoder(analyzer_nodes.CacheCoder):  # type: ignore[misc]
    """Reads and writes quantile sketches, which TFT pickles, without running what it reads."""

    def encode_cache(self, accumulator: Any) -> bytes:
        return pickle.dumps(accumulator)

    def decode_cache(self, encoded_accumulator: bytes) -> Any:
        return _SketchReader(io.BytesIO(encoded_accumulator)).load()


class _SketchReader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if name == "QuantilesSketch" and module.startswith("tfx_bsl."):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"the analyzer cache holds {module}.{name}, not a sketch")


@contextmanager
def safe_coders() -> Iterator[None]:
    """Make TFT read sketches with `SketchCoder`, inside the context."""
    before = analyzers._QuantilesSketchCacheCoder
    analyzers._QuantilesSketchCacheCoder = SketchCoder
    try:
        yield
    finally:
        analyzers._QuantilesSketchCacheCoder = before
