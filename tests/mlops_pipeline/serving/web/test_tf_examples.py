"""Examples written without TensorFlow, read by TensorFlow."""

from __future__ import annotations

from typing import Any

import pytest

from mlops_pipeline.serving.models import BadInputFailure
from mlops_pipeline.serving.web.tf_examples import encode_example

FEATURES: dict[str, Any] = {
    "number": 3,
    "below": [-1, -(2**63)],
    "part": [1, 2.5],
    "text": "ü",
    "bytes": [{"b64": "/wA="}, "b"],
    "flag": True,
    "nothing": [],
    "": 1,
}


@pytest.mark.ml
@pytest.mark.filterwarnings("ignore")
def test_tensorflow_reads_what_was_written() -> None:
    import tensorflow as tf

    feature = tf.train.Example.FromString(encode_example(FEATURES)).features.feature
    found = {
        name: list(getattr(each, each.WhichOneof("kind")).value) if each.WhichOneof("kind") else []
        for name, each in feature.items()
    }
    assert found == {
        "number": [3],
        "below": [-1, -(2**63)],
        "part": [1.0, 2.5],
        "text": ["ü".encode()],
        "bytes": [b"\xff\x00", b"b"],
        "flag": [1],
        "nothing": [],
        "": [1],
    }


def test_equal_features_have_equal_bytes() -> None:
    assert encode_example({"a": 1, "b": 2}) == encode_example({"b": 2, "a": 1})


@pytest.mark.parametrize(
    "value", [None, {"a": 1}, [[1]], 2**63, [1e300, 1.0], ["a", 1], {"b64": 3}, "\ud800"]
)
def test_what_no_feature_can_hold_is_refused(value: Any) -> None:
    with pytest.raises(BadInputFailure):
        encode_example({"a": value})
