"""Beam workers that do not see the files, or not all of them, are named."""

from pathlib import Path
from socket import gethostname

import pytest

from mlops_components.records import SplitFiles
from mlops_pipeline.errors import ExecutorError

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def read(folder: Path, files: SplitFiles, *, lose: bool = False) -> None:
    import apache_beam as beam

    from mlops_components.records._beam_reads import Reads
    from mlops_pipeline.executors import running_pipeline

    reads = Reads(folder)
    with running_pipeline("test", []) as pipeline:
        records = pipeline | reads.records(files)
        _ = (records | beam.Filter(lambda _: not lose)) | reads.written()
    reads.check()


def files(folder: Path, rows: int, recorded: int) -> SplitFiles:
    import tensorflow as tf

    path = folder / "rows.gz"
    with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions("GZIP")) as writer:
        for number in range(rows):
            writer.write(str(number).encode())
    return SplitFiles([path], "split 'train'", recorded)


@pytest.mark.parametrize("rows", [0, 3])
def test_what_was_read_whole_leaves_nothing_behind(tmp_path: Path, rows: int) -> None:
    read(tmp_path, files(tmp_path, rows, rows))
    assert [path.name for path in tmp_path.iterdir()] == ["rows.gz"]


def test_missing_rows_are_named_with_files_and_workers(tmp_path: Path) -> None:
    with pytest.raises(ExecutorError, match=r"split 'train': 3 of 5 rows were read") as raised:
        read(tmp_path, files(tmp_path, 3, 5))
    assert f"{tmp_path / 'rows.gz'} (rows by worker: {gethostname()} 3)" in str(raised.value)


def test_a_file_that_a_worker_cannot_see_is_an_error_there(tmp_path: Path) -> None:
    found = files(tmp_path, 3, 3)
    found[0].unlink()
    with pytest.raises(Exception, match=f"worker of Beam on {gethostname()} cannot see .*rows.gz"):
        read(tmp_path, found)


def test_rows_that_are_not_written_are_missed(tmp_path: Path) -> None:
    with pytest.raises(ExecutorError, match="of 3 rows of split 'train' only 0 were written"):
        read(tmp_path, files(tmp_path, 3, 3), lose=True)


def test_workers_that_write_elsewhere_are_an_error(tmp_path: Path) -> None:
    from mlops_components.records._beam_reads import Reads

    reads = Reads(tmp_path)
    reads.records(SplitFiles([tmp_path / "rows.gz"], "split 'train'", 3))
    with pytest.raises(ExecutorError, match=r"written nothing to .* that is here"):
        reads.check()


def test_workers_decode_fewer_large_records_at_once() -> None:
    from apache_beam.utils.windowed_value import WindowedValue
    from record_rows import record

    from mlops_components.records import _beam_reads

    step = _beam_reads.Decode("FORMAT_TF_EXAMPLE", None, "raw")
    step.setup()
    step.start_bundle()
    rows = [record({"a": [b"x" * size]}) for size in (3 << 20, 3 << 20, 3 << 20, 9)]
    batches = [batch for row in rows for batch in step.process(row)]
    (last,) = step.finish_bundle()
    assert isinstance(last, WindowedValue)
    assert [batch.num_rows for batch in [*batches, last.value]] == [3, 1]
    assert last.value.to_pydict() == {"a": [[b"x" * 9]], "raw": [[rows[-1]]]}
    assert list(step.finish_bundle()) == []
