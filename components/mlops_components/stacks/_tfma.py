"""Differences between versions of TFMA, given back where it is missing.

TFMA 0.52 lists `EvalConfig`, `SlicingSpec` and their siblings, and does not define them; and it
looks for an SQL engine that tfx_bsl no longer has. Users' modules say `tfma.EvalConfig(...)`, in
pipelines and in the processes that load them, so the names come back when TFMA is imported. What
is imported before `mlops_components` cannot be helped: `from tensorflow_model_analysis import
EvalConfig` fails there. This module itself imports no heavy library.

In every version, TFMA's function that counts the examples of a batch refers to itself, and so
keeps each batch until Python next looks for such circles: hundreds of megabytes of images. It is
replaced.
"""

from __future__ import annotations

import copy
import importlib.abc
import sys
import threading
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

NAME = "tensorflow_model_analysis"


def install() -> None:
    """Give TFMA what it lacks: now, if it is imported already, and whenever it is imported."""
    if NAME in sys.modules:
        restore(sys.modules[NAME])
    if not any(isinstance(each, _Finder) for each in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def restore(tfma: ModuleType) -> None:
    """Define what TFMA lacks, and replace what keeps its batches in memory.

    It lacks the names of its configuration and an engine for slices by SQL, if need be.
    """
    if not hasattr(tfma, "WriteResults"):
        # Its import has failed, or is not over.
        return
    from tensorflow_model_analysis.extractors import sql_slice_key_extractor
    from tensorflow_model_analysis.proto import config_pb2
    from tensorflow_model_analysis.utils import util

    util.batch_size = batch_size
    messages = config_pb2.DESCRIPTOR.message_types_by_name
    for module in (tfma, tfma.sdk):
        for name in messages:
            if not hasattr(module, name):
                setattr(module, name, getattr(config_pb2, name))
    if getattr(sql_slice_key_extractor, "sql_util", None) is None:
        from mlops_components.stacks._tfx_bsl import StandIn

        sql_slice_key_extractor.sql_util = StandIn


def batch_size(values: Any) -> int | None:
    """Return the number of examples in extracts, as TFMA's function of this name does.

    Raises:
        ValueError: parts of them have different numbers.
    """
    if isinstance(values, Mapping):
        sizes = [size for size in map(batch_size, values.values()) if size is not None]
        for size in sizes:
            if size != sizes[0]:
                raise ValueError(f"Batch sizes have differing values: {sizes[0]} != {size}")
        return sizes[0] if sizes else None
    for name in ("shape", "dense_shape"):
        if hasattr(values, name):
            shape = getattr(values, name)
            return shape[0] if shape is not None and len(shape) else 0
    if hasattr(values, "nested_row_splits"):
        splits = values.nested_row_splits
        return len(splits[0]) - 1 if splits is not None and len(splits) else 0
    return len(values) if hasattr(values, "__len__") else None


def with_exact_weights(extractors: Sequence[Any]) -> list[Any]:
    """Return TFMA's stages, with weights as doubles from where they are known.

    With NumPy 2, sums of single weights stay single; with NumPy 1, they become doubles by
    themselves.
    """
    import apache_beam as beam
    import numpy as np
    import tensorflow_model_analysis as tfma

    if int(np.__version__.partition(".")[0]) < 2:
        return list(extractors)
    stage = tfma.extractors.Extractor("ExactWeights", beam.Map(_with_exact_weights))
    names = [extractor.stage_name for extractor in extractors]
    at = names.index(_WEIGHTS) + 1 if _WEIGHTS in names else len(names)
    return [*extractors[:at], *([stage] if at < len(names) else []), *extractors[at:]]


_WEIGHTS = "ExtractExampleWeights"


def _with_exact_weights(extracts: Any) -> Any:
    from tensorflow_model_analysis import constants

    key = constants.EXAMPLE_WEIGHTS_KEY
    return {**extracts, key: _doubles(extracts[key])} if key in extracts else extracts


def _doubles(value: Any) -> Any:
    """Return the same weights as doubles, also of several models or outputs."""
    if isinstance(value, Mapping):
        return {name: _doubles(each) for name, each in value.items()}
    return value.astype("float64") if str(getattr(value, "dtype", "")) == "float32" else value


class _Finder(importlib.abc.MetaPathFinder):
    """Finds TFMA by the other finders, and has it completed after each import."""

    def __init__(self) -> None:
        self._thread = threading.local()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        # A finder among the others may ask all finders again.
        if name != NAME or getattr(self._thread, "is_asking", False):
            return None
        self._thread.is_asking = True
        try:
            found = self._ask_others(name, path, target)
        finally:
            self._thread.is_asking = False
        if found is None or found.loader is None or isinstance(found.loader, _Loader):
            return found
        # The finder may keep its own.
        spec = copy.copy(found)
        spec.loader = _Loader(found.loader)
        return spec

    def _ask_others(self, name: str, path: Any, target: Any) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(name, path, target) if find else None
            if spec is not None:
                return spec
        return None


class _Loader(importlib.abc.Loader):
    """Loads TFMA as its own loader does, and completes it."""

    def __init__(self, own: Any) -> None:
        self._own = own

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._own.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self._own.exec_module(module)
        restore(module)

    def __getattr__(self, name: str) -> Any:
        # Its source and its data files, for whoever asks.
        if name == "_own":
            raise AttributeError(name)
        return getattr(self._own, name)
