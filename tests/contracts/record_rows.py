"""What the tests of mlops_components/records share."""

from typing import Any

Values = dict[str, Any]


def record(values: Values) -> bytes:
    """A tf.Example with its features in the order given, one after the other."""
    import tensorflow as tf

    parts = []
    for name, value in values.items():
        feature = tf.train.Feature()
        for item in value or ():
            if isinstance(item, bytes):
                feature.bytes_list.value.append(item)
            elif isinstance(item, int):
                feature.int64_list.value.append(item)
            else:
                feature.float_list.value.append(item)
        if value == []:
            feature.float_list.SetInParent()
        whole = tf.train.Features(feature={name: feature})
        parts.append(whole.SerializeToString())
    body = b"".join(parts)
    size, length = len(body), b""
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return b"\n" + length + bytes([size]) + body


def alike(number: int) -> Values:
    values: Values = {
        "whole": [(-1) ** number * 7**number] if number % 3 else None,
        "a text with a name that is longer than one word": [b"x" * (number * 9)],
        "float": [number / 7],
        "floats": [0.5] * (number % 4),
        "never": None,
        "late": [number] if number > 4 else None,
    }
    if number % 2:
        del values["float"]
    return values
