"""What pages are read from."""

from __future__ import annotations

from mlops_pipeline.store import MemoryStore
from mlops_pipeline.ui.views.reader import Reader


def test_a_reader_reads_no_file_unless_a_folder_is_named() -> None:
    assert Reader(MemoryStore()).roots == ()
