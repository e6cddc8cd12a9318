"""`tfdv.StatsOptions` from what a pipeline can hold: arguments by name, or JSON.

This module imports TFDV when it is imported.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import tensorflow_data_validation as tfdv
from google.protobuf import json_format, text_format
from google.protobuf.message import Message
from tensorflow_data_validation.utils import slicing_util
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.public.proto import slicing_spec_pb2

from mlops_components.stacks import _tfdv
from mlops_pipeline.errors import ParameterError, did_you_mean

_CODE = ("generators", "slice_functions", "experimental_slice_functions")
_SKETCH = ("use_sketch_based_topk_uniques", "experimental_use_sketch_based_topk_uniques")


def options_from(given: Mapping[str, Any] | str | None, schema: Any = None) -> Any:
    """Return the options; distinct and top values are counted by sketches by default.

    Args:
        given: arguments of `tfdv.StatsOptions` by name, the JSON of that, or what
            `StatsOptions.to_json()` gives. Messages may be dicts, JSON or text forms.

    Raises:
        ParameterError: an option is unknown or has a wrong value.
    """
    try:
        options = _parsed(given)
        if schema is not None:
            if options.schema is not None:
                raise ParameterError(
                    "stats_options has a schema, and the input `schema` is given too",
                    hint="leave out one of the two",
                )
            options.schema = schema
    except (TypeError, ValueError, AttributeError, json_format.ParseError) as error:
        raise ParameterError(
            f"stats_options: {error}", hint="give what tfdv.StatsOptions takes"
        ) from None
    _check_slices(options)
    return options


def _parsed(given: Mapping[str, Any] | str | None) -> Any:
    if isinstance(given, str) and given:
        values = json.loads(given)
        if not isinstance(values, dict):
            raise ParameterError(
                "stats_options is JSON, but no object", hint="give StatsOptions.to_json()"
            )
        if values.get("TYPE_NAME") == "StatsOptions":
            return _of_tfdv(given)
        return _by_name(values)
    return _by_name(given if isinstance(given, Mapping) else {})


def _of_tfdv(text: str) -> Any:
    """Read the text of `to_json`, but refuse unknown names, which `from_json` accepts."""
    plain = vars(tfdv.StatsOptions())
    options, known = _tfdv.from_json(text)
    for name in vars(options):
        if name not in known:
            raise _unknown(name, plain)
    # Options that were written by an earlier TFDV lack what has come since.
    vars(options).update({name: v for name, v in plain.items() if name not in vars(options)})
    return options


def _by_name(given: Mapping[str, Any]) -> Any:
    for name in given:
        if name not in _tfdv.OPTIONS:
            raise _unknown(name, _tfdv.OPTIONS)
        if name in _CODE and given[name]:
            raise ParameterError(
                f"stats_options: {name} are functions, which a pipeline cannot hold",
                hint="slice with slicing_config or experimental_slice_sqls",
            )
    values = {name: value for name, value in given.items() if name not in _CODE}
    if not any(name in given for name in _SKETCH):
        values["use_sketch_based_topk_uniques"] = True
    for name, kind in _MESSAGES.items():
        if values.get(name) is not None:
            values[name] = _message(values[name], kind)
    weights = values.get("per_feature_weight_override")
    if weights:
        values["per_feature_weight_override"] = {
            tfdv.FeaturePath(path.split(".")) if isinstance(path, str) else path: weight
            for path, weight in weights.items()
        }
    return _tfdv.stats_options(values)


_MESSAGES = {"schema": schema_pb2.Schema, "slicing_config": slicing_spec_pb2.SlicingConfig}


def _message(given: Any, kind: type[Message]) -> Message:
    if isinstance(given, kind):
        return given
    if isinstance(given, Mapping):
        return json_format.ParseDict(dict(given), kind())
    if str(given).lstrip().startswith("{"):
        return json_format.Parse(given, kind())
    try:
        return text_format.Parse(str(given), kind())
    except text_format.ParseError as error:
        raise ParameterError(
            f"stats_options: not the text form of a {kind.__name__}: {error}",
            hint="give its fields as a dict",
        ) from None


def _unknown(name: str, known: Iterable[str]) -> ParameterError:
    return ParameterError(
        f"stats_options: there is no option {name!r}", hint=did_you_mean(name, known)
    )


def _check_slices(options: Any) -> None:
    functions, sqls = _slices_of(options)
    if functions and sqls:
        # TFDV would leave out the SQL without a word.
        raise ParameterError(
            "stats_options: slicing_config mixes features and slice_keys_sql",
            hint="write all of them as SQL",
        )


def slicers(options: Any) -> list[Callable[[Any], Iterable[Any]]]:
    """Return the functions that give the slices of a batch, besides that of all rows."""
    functions, sqls = _slices_of(options)
    return [*functions, _tfdv.sql_slicer(sqls)] if sqls else functions


def _slices_of(options: Any) -> tuple[list[Any], list[str]]:
    """Return slicing functions and SQL queries."""
    if not options.slicing_config:
        functions = list(options.experimental_slice_functions or ())
        return functions, _tfdv.slice_sqls(options)
    functions, sqls = [], []
    for spec in options.slicing_config.slicing_specs:
        features: dict[str, Any] = dict.fromkeys(spec.feature_keys)
        # The config has texts, examples have bytes; TFDV itself would find no slice.
        features |= {name: [value, value.encode()] for name, value in spec.feature_values.items()}
        if features:
            functions.append(_slicer(features))
        if spec.slice_keys_sql:
            sqls.append(spec.slice_keys_sql)
    return functions, sqls


def _slicer(features: dict[str, Any]) -> Callable[[Any], Iterable[Any]]:
    """Return slices by these features together; a row without one of them is in no slice.

    TFDV leaves out the features that a batch does not have, and makes slices by the others.
    """
    names = sorted(features)
    slicer = slicing_util.get_feature_value_slicer(features)

    def slices(batch: Any) -> Iterable[Any]:
        fields = {field.name: str(field.type) for field in batch.schema}
        return slicer(batch) if all(fields.get(n, "null") != "null" for n in names) else ()

    return slices


def for_beam(options: Any) -> Any:
    """Return the options of TFDV's pipeline: with our slices, without sampling (ours, too)."""
    functions = slicers(options)
    changed = copy.copy(options)
    changed.slicing_config = None
    _tfdv.without_sqls(changed)
    changed.experimental_slice_functions = functions or None
    changed.sample_rate = None
    return changed


def named_features(options: Any) -> dict[str, set[str]]:
    """Return the features that options name, by the option that does so."""
    found: dict[str, set[str]] = {}
    for spec in options.slicing_config.slicing_specs if options.slicing_config else ():
        names = {*spec.feature_keys, *spec.feature_values}
        found.setdefault("slicing_config", set()).update(names)
    listed = [f for f in options.feature_allowlist or () if isinstance(f, str)]
    found["feature_allowlist"] = set(listed)
    return found


def only_beam(options: Any) -> str:
    """Name the option in use that TFDV supports with Beam only; empty if there is none."""
    if options.label_feature and options.schema is not None:
        return f"label_feature {options.label_feature!r}: TFDV computes lift with Beam only"
    if not options.use_sketch_based_topk_uniques and options.add_default_generators:
        return "use_sketch_based_topk_uniques is false: TFDV counts exactly with Beam only"
    return ""
