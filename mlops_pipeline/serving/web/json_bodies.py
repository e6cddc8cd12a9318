"""JSON of requests and answers: read quickly where it is plain, and with NaN and Infinity."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec

from mlops_pipeline.serving.models import STRING, BadInputFailure, Tensor, to_lists

_decoder = msgspec.json.Decoder()


def read_json(body: bytes) -> Any:
    """Return the value of a body; NaN, Infinity and -Infinity are numbers.

    Raises:
        BadInputFailure: it is no JSON.
    """
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        pass
    try:
        return json.loads(body)
    except RecursionError:
        raise BadInputFailure("JSON Parse error: too deep") from None
    except (ValueError, UnicodeDecodeError) as error:
        at = getattr(error, "pos", getattr(error, "start", 0))
        raise BadInputFailure(f"JSON Parse error: Invalid value. at offset: {at}") from None


def read_object(body: bytes) -> dict[str, Any]:
    """Return the object of a body.

    Raises:
        BadInputFailure: it is none.
    """
    found = read_json(body)
    if not isinstance(found, dict):
        raise BadInputFailure("Request must be a JSON object")
    return found


def write_json_body(value: Any) -> bytes:
    """Return a value as a body."""
    return json.dumps(value, separators=(", ", ": ")).encode()


def shown_values(name: str, tensor: Tensor) -> Any:
    """Return an output as JSON has it: texts, or base64 where the name ends in `_bytes`."""
    values = to_lists(tensor)
    if tensor.dtype != STRING:
        return values
    return _shown_texts(values, name.endswith("_bytes"))


def _shown_texts(value: Any, as_bytes: bool) -> Any:
    if isinstance(value, list):
        return [_shown_texts(each, as_bytes) for each in value]
    if not as_bytes:
        try:
            return value.decode()
        except UnicodeDecodeError:
            pass
    return {"b64": base64.b64encode(value).decode()}
