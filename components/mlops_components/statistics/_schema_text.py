"""The text form of a schema, read with its mistakes named by line; needs no TensorFlow."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from mlops_pipeline.errors import ExecutorError, NotFoundError


def parse_schema(path: Path) -> Any:
    """Return the schema in a file.

    Raises:
        NotFoundError: there is no such file.
        ExecutorError: it is not the text form of a schema; the message names the line.
    """
    if not path.is_file():
        raise NotFoundError(
            f"schema_file {path} {'is a folder' if path.is_dir() else 'does not exist'}",
            hint="name the file itself, such as schema.pbtxt",
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _wrong(
            f"{path} is not UTF-8 (byte {error.start})", "give the text form, not the binary one"
        ) from None
    schema = schema_pb2.Schema()
    try:
        text_format.Parse(text, schema)
    except text_format.ParseError as error:
        message = str(error).partition(" : ")[2] or str(error)
        line = f":{error.GetLine()}" if error.GetLine() else ""
        raise _wrong(f"{path}{line}: {message.strip()}", "fix that line") from None
    _check(schema, path)
    return schema


def _check(schema: Any, path: Path) -> None:
    if not schema.feature:
        raise _wrong(f"{path} has no feature", "name the schema that SchemaGen wrote")
    for name, count in Counter(feature.name for feature in schema.feature).items():
        if not name or count > 1:
            what = f"{count} features named {name!r}" if name else "a feature without a name"
            raise _wrong(f"{path} has {what}", "give each feature a name of its own")


def _wrong(message: str, hint: str) -> ExecutorError:
    return ExecutorError(message, hint=hint, retryable=False)
