"""Damaged and contradictory files: each has its named error, with file and row or record."""

import gzip
from pathlib import Path

import pytest
from refused_inputs import RECORDS, example, refused
from tfrecord_file import framed

from mlops_components import (
    HashSplit,
    ImportExampleGen,
    OutputConfig,
    SplitConfig,
)
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


SEQUENCE = b"\x12\x11\x0a\x0f\x0a\x04step\x12\x07\x0a\x05\x1a\x03\x0a\x01\x01"


WHOLE = framed(RECORDS)


PACKED = gzip.compress(WHOLE, mtime=0)


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


LENGTH = len(framed(RECORDS[:1]))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a", b"", "split 'train' got no rows"),
        ("a.gz", b"", "split 'train' got no rows"),
        ("a", b"hello, this is no record file", "does not begin with a record"),
        ("a", b"short", "record 1: the file ends within it"),
        ("a.gz", WHOLE, "not a whole gzip file"),
        ("a.gz", PACKED[:-30], "not a whole gzip file: the file is cut off"),
        ("a.gz", PACKED[:-4], "not a whole gzip file: the file is cut off"),
        ("a.gz", flipped(PACKED, len(PACKED) // 2), "not a readable TFRecord file"),
        ("a", WHOLE[:-3], "record 20: the file ends within it"),
        ("a", WHOLE[: LENGTH * 3 + 5], "record 4: the file ends within it"),
        ("a", flipped(WHOLE, LENGTH * 3), "record 4: its length does not fit its checksum"),
        ("a", flipped(WHOLE, LENGTH * 3 + 14), "record 4: its data do not fit their checksum"),
        ("a", framed([example(1), b"\xff\xff"]), "record 2 is not of FORMAT_TF_EXAMPLE"),
        ("a", framed([example(1), SEQUENCE]), "record 2 .* it is a SequenceExample"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_damaged_tfrecords_are_named(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    import re

    (tmp_path / name).write_bytes(data)
    text = refused(ImportExampleGen, tmp_path)
    assert re.search(message, text), text
    assert "got no rows" in text or str(tmp_path / name) in text


def test_joined_and_unnamed_gzip_files_are_read(tmp_path: Path) -> None:
    half = gzip.compress(framed(RECORDS[:10])), gzip.compress(framed(RECORDS[10:]))
    (tmp_path / "data").write_bytes(b"".join(half))
    config = OutputConfig(SplitConfig([HashSplit("all", 1)]))
    examples = run_component(ImportExampleGen, input_base=tmp_path, output_config=config)
    (file,) = (examples.outputs["examples"].path / "Split-all").iterdir()
    assert gzip.decompress(file.read_bytes()) == WHOLE
