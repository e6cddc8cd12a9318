"""Records read by columns give what TFX's decoder gives, or are left to it."""

import random

import pytest
from record_rows import alike, record

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def test_damaged_records_are_read_as_by_tfx_or_not_at_all() -> None:
    from tfx_bsl.coders import example_coder

    from mlops_components.records._parse import ExampleParser

    chance = random.Random(0)
    decoder = example_coder.ExamplesToRecordBatchDecoder()
    whole = [record(alike(number)) for number in range(8)]
    read = 0
    for _ in range(400):
        rows = list(whole)
        which = chance.randrange(len(rows))
        damaged = bytearray(rows[which])
        for _ in range(chance.randrange(1, 3)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        rows[which] = bytes(damaged)
        ours = ExampleParser().parse(rows)
        if ours is not None:
            theirs = decoder.DecodeBatch(rows)
            assert sorted(ours.schema.names) == sorted(theirs.schema.names)
            for name in ours.schema.names:
                columns = (b.column(b.schema.get_field_index(name)) for b in (ours, theirs))
                assert str(next(columns)) == str(next(columns)), (name, rows[which])
            read += 1
    assert read > 30


def test_large_values_are_read_as_by_tfx() -> None:
    from tfx_bsl.coders import example_coder

    from mlops_components.records._parse import ExampleParser

    chance = random.Random(0)
    rows = [
        record({"image": [chance.randbytes(size)], "vector": [chance.random()] * (size // 9)})
        for size in (0, 1, 700, 5000, 299)
    ]
    ours, theirs = ExampleParser().parse(rows), example_coder.ExamplesToRecordBatchDecoder()
    assert ours is not None
    assert ours.to_pydict() == theirs.DecodeBatch(rows).to_pydict()
