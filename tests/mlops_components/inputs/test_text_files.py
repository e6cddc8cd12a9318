"""Text files as they are read: unpacked, in UTF-8, with their damage named."""

import gzip
from pathlib import Path

import pytest

from mlops_components.inputs.text_files import is_compressed, open_bytes, open_text
from mlops_pipeline.errors import ExecutorError

pytestmark = [pytest.mark.filterwarnings("ignore")]


def test_files_are_unpacked_whatever_their_name(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.gz", tmp_path / "b.txt"
    plain.write_bytes(b"\xef\xbb\xbfone\r\ntwo")
    packed.write_bytes(gzip.compress(b"one\r\ntwo"))
    assert [is_compressed(path) for path in (plain, packed)] == [False, True]
    for path in (plain, packed):
        with open_text(path) as file:
            assert list(file) == ["one\r\n", "two"]
    with open_bytes(packed) as data:
        assert data.read() == b"one\r\ntwo"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (gzip.compress(b"x" * 1000)[:-9], "is not a whole gzip file"),
        (b"\x1f\x8bxxxx", "is not a whole gzip file"),
        (b"a\xe4b", "is not UTF-8"),
        (b"PAR1", "is a Parquet file"),
    ],
    ids=["cut", "no gzip", "latin1", "parquet"],
)
def test_damage_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(ExecutorError, match=message), open_text(tmp_path / "a") as file:
        file.read()
