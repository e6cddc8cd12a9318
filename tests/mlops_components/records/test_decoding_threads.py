"""Records are decoded by several threads at once, and come out as they went in."""

from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def record(row: int) -> bytes:
    import tensorflow as tf

    feature = {
        "n": tf.train.Feature(int64_list=tf.train.Int64List(value=[row] * (row % 3))),
        "text": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"%d" % row])),
    }
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def test_threads_do_not_mix_the_rows_of_a_schema() -> None:
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    from mlops_components.records.record_batches import decoded_batches

    text = 'feature { name: "n" type: INT } feature { name: "text" type: BYTES }'
    schema: Any = text_format.Parse(text, schema_pb2.Schema())
    records = [record(row) for row in range(500)]
    expected = [([row] * (row % 3), [b"%d" % row]) for row in range(500)]
    # Many small batches: their threads meet in the decoder.
    lists = [records] * 200
    batches = decoded_batches(lists, Path("rows"), schema=schema)
    count = 0
    for batch in batches:
        found = zip(batch.column("n").to_pylist(), batch.column("text").to_pylist(), strict=True)
        assert [(n or [], text) for n, text in found] == expected
        count += 1
    assert count == 200
