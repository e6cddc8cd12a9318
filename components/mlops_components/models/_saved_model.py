"""Saved models with equal bytes for equal graphs, so that later nodes stay in the cache.

TensorFlow numbers functions by what the process has done before, puts nodes down in the order
of a set, and names tables after files that are gone. None of it has a meaning: here it is written
the same way every time. This module imports TensorFlow when it is imported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from tensorflow.core.protobuf import fingerprint_pb2, saved_model_pb2
from tensorflow.python.saved_model import fingerprinting_utils

from mlops_components.stacks._protobuf import is_repeated
from mlops_pipeline.roots import digest_path

GRAPH_FILE = "saved_model.pb"
FINGERPRINT_FILE = "fingerprint.pb"
ASSETS_FOLDER = "assets"

_TEXTS = (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)
_NUMBERED = re.compile(r"(.*_)(\d+)")


def make_stable(folder: Path, scratch: Path) -> None:
    """Rewrite the graph of a saved model; only names and orders without a meaning change.

    Args:
        scratch: a folder that is gone, but in the names of the tables that were read from it.
            Tables of one name are one table to TensorFlow, so the digest of their files replaces
            it: two graphs share a table only if it is the same.
    """
    path = folder / GRAPH_FILE
    assets = folder / ASSETS_FOLDER
    renamed = {str(scratch): digest_path(assets)} if assets.is_dir() else {}
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    for graph in model.meta_graphs:
        _rewrite(graph, _renaming(graph.graph_def.library, renamed))
        library = graph.graph_def.library
        library.function.sort(key=lambda function: function.signature.name)
        for function in library.function:
            function.node_def.sort(key=lambda node: node.name)
            _number_captures(function)
            _number_arguments(function)
    path.write_bytes(model.SerializeToString(deterministic=True))
    _stamp(folder)


def _number_captures(function: Any) -> None:
    """Name captured tensors by their position; TensorFlow uses a counter of the process."""
    for index, attributes in function.arg_attr.items():
        name = attributes.attr.get("_user_specified_name")
        if name is not None and name.s.isdigit():
            name.s = str(index).encode()


def _number_arguments(function: Any) -> None:
    """Number the arguments for captured tensors again; their names are local."""
    taken = {part.name for part in (*function.signature.input_arg, *function.node_def)}
    renamed = {}
    for index, argument in enumerate(function.signature.input_arg):
        match = _NUMBERED.fullmatch(argument.name)
        attributes = function.arg_attr[index].attr if index in function.arg_attr else ()
        if match is None or "_user_specified_name" in attributes:
            continue
        new = f"{match[1]}{index}"
        if new not in taken:
            renamed[argument.name] = new
            argument.name = new

    def rename(source: str) -> str:
        name, colon, rest = source.partition(":")
        return renamed.get(name, name) + colon + rest

    for node in function.node_def:
        node.input[:] = map(rename, node.input)
    for output, source in function.ret.items():
        function.ret[output] = rename(source)


def _renaming(library: Any, renamed: Mapping[str, str]) -> Callable[[str], str]:
    """Return a function that renumbers functions in a text, in the order of their numbers."""
    names = [function.signature.name for function in library.function]
    found = [(match, name) for name in names if (match := _NUMBERED.fullmatch(name))]
    found.sort(key=lambda pair: int(pair[0][2]))
    functions = {name: f"{match[1]}{index}" for index, (match, name) in enumerate(found)}

    def rename(text: str) -> str:
        if text in functions:
            return functions[text]
        for old, new in renamed.items():
            text = text.replace(old, new)
        return text

    return rename


def _rewrite(message: Any, rename: Callable[[str], str]) -> None:
    """Apply `rename` to all texts in a message, and to the keys of its maps."""
    for field, value in message.ListFields():
        repeated = is_repeated(field)
        if field.message_type and field.message_type.GetOptions().map_entry:
            _rewrite_map(field, value, rename)
        elif field.message_type:
            for part in value if repeated else (value,):
                _rewrite(part, rename)
        elif field.type in _TEXTS and repeated:
            value[:] = [_renamed(part, rename) for part in value]
        elif field.type in _TEXTS:
            setattr(message, field.name, _renamed(value, rename))


def _rewrite_map(field: Any, entries: Any, rename: Callable[[str], str]) -> None:
    has_messages = bool(field.message_type.fields_by_name["value"].message_type)
    for key in list(entries):
        if has_messages:
            _rewrite(entries[key], rename)
        new = _renamed(key, rename)
        if new == key:
            continue
        if has_messages:
            entries[new].CopyFrom(entries[key])
        else:
            entries[new] = entries[key]
        del entries[key]


def _renamed(text: Any, rename: Callable[[str], str]) -> Any:
    if isinstance(text, str):
        return rename(text)
    if isinstance(text, bytes):
        try:
            return rename(text.decode()).encode()
        except UnicodeDecodeError:
            return text
    return text


def _stamp(folder: Path) -> None:
    """Rewrite the fingerprint; newer versions of TensorFlow put a random id into it."""
    path = folder / FINGERPRINT_FILE
    if not path.exists():
        return
    fingerprinting_utils.write_fingerprint(str(folder))
    fingerprint = fingerprint_pb2.FingerprintDef.FromString(path.read_bytes())
    if "uuid" in fingerprint.DESCRIPTOR.fields_by_name:
        fingerprint.ClearField("uuid")
    path.write_bytes(fingerprint.SerializeToString(deterministic=True))
