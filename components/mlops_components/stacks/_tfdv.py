"""Differences between versions of TFDV: slices and validations by SQL, which 1.21 has no more.

This module imports TFDV when it is imported.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.api import validation_api
from tfx_bsl.arrow import table_util

from mlops_components.sql._types import SqlError
from mlops_components.sql._unfit import unfit_key
from mlops_components.stacks import _custom_validation
from mlops_components.stacks._tfx_bsl import Query, slice_query

log = logging.getLogger(__name__)

_SQLS = "experimental_slice_sqls"
_OWN = tuple(inspect.signature(tfdv.StatsOptions).parameters)

OPTIONS = _OWN if _SQLS in _OWN else (*_OWN, _SQLS)
"""The names of all options of statistics, in any version."""


def stats_options(values: Mapping[str, Any]) -> Any:
    """Make `tfdv.StatsOptions`, which hold queries for slices in any version."""
    sqls = values.get(_SQLS)
    options = tfdv.StatsOptions(**{k: v for k, v in values.items() if k != _SQLS or k in _OWN})
    if sqls and _SQLS not in _OWN:
        if options.slicing_config or options.experimental_slice_functions:
            raise ValueError(f"Specify only one of slicing_config or {_SQLS}.")
        setattr(options, _SQLS, list(sqls))
    return options


def from_json(text: str) -> tuple[Any, set[str]]:
    """Read what `StatsOptions.to_json` wrote, in any version; also return the known attributes."""
    known = {*vars(tfdv.StatsOptions()), f"_{_SQLS}", _SQLS}
    options = tfdv.StatsOptions.from_json(text)
    if _SQLS not in _OWN:
        sqls = vars(options).pop(f"_{_SQLS}", None)
        if sqls:
            setattr(options, _SQLS, sqls)
    return options, known


def slice_sqls(options: Any) -> list[str]:
    """Return the queries for slices of options."""
    return list(getattr(options, _SQLS, None) or ())


def without_sqls(options: Any) -> None:
    """Drop the queries, which have become functions."""
    if slice_sqls(options):
        setattr(options, _SQLS, None)


Slicer = Callable[[pa.RecordBatch], Iterable[tuple[str, pa.RecordBatch]]]
"""A function that gives the names and the rows of slices of a batch."""


def sql_slicer(sqls: Sequence[str]) -> Slicer:
    """Make a function for the slices of queries; one that does not fit gives `unfit_key`.

    Args:
        sqls: queries such as `SELECT STRUCT(city) FROM example.city`.
    """
    # TFDV takes functions, and nothing else that can be called.
    return lambda batch: _slices(sqls, batch)


def _slices(sqls: Sequence[str], batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
    rows: dict[str, set[int]] = defaultdict(set)
    # The metadata of a schema cannot be hashed.
    schema = pa.schema(list(zip(batch.schema.names, batch.schema.types, strict=True)))
    for sql in dict.fromkeys(sqls):
        query = _query(sql, schema)
        if query is None:
            yield unfit_key(sql), batch
            continue
        for row, slices in enumerate(query.execute(batch)):
            for pairs in slices:
                rows["_".join("_".join(pair) for pair in pairs)].add(row)
    for key, members in rows.items():
        yield key, table_util.RecordBatchTake(batch, pa.array(sorted(members)))


@functools.lru_cache(maxsize=64)
def _query(sql: str, schema: pa.Schema) -> Query | None:
    try:
        return slice_query(sql, schema)
    except SqlError as error:
        # A batch may lack a feature that others have.
        log.warning("the query %r does not fit: %s", sql, error)
        return None


def custom_validation_config() -> Any:
    """Make an empty `CustomValidationConfig`."""
    try:
        from tensorflow_data_validation.anomalies.proto import custom_validation_config_pb2
    except ImportError:
        return _custom_validation.config_type()()
    return custom_validation_config_pb2.CustomValidationConfig()


_VALIDATES_SQL = (
    "custom_validation_config"
    in inspect.signature(validation_api.validate_statistics_internal).parameters
)


def find_anomalies(statistics: Any, others: Sequence[Any], environment: str, custom: Any) -> Any:
    """Return the anomalies of statistics, with those of validations by SQL.

    Args:
        others: a schema, and statistics or None: of the span before, of what is served, of another
            version.
        custom: a `CustomValidationConfig`, or None.

    Raises:
        ValueError, RuntimeError: they cannot be compared.
    """
    schema, previous, serving, version = others
    more = {"custom_validation_config": custom} if _VALIDATES_SQL else {}
    found = validation_api.validate_statistics_internal(
        statistics, schema, environment or None, previous, serving, version, **more
    )
    if custom is not None and not _VALIDATES_SQL:
        own = _custom_validation.validate_custom(statistics, previous, custom, environment)
        _custom_validation.merge(found, own)
    return found
