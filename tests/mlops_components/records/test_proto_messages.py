"""Damaged and contradictory files: each has its named error, with file and row or record."""

from pathlib import Path
from typing import Any

import pytest
from refused_inputs import RECORDS, refused
from tfrecord_file import write_file

from mlops_components import (
    ImportExampleGen,
)

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize(
    ("given", "hint"),
    [(15, "use ParquetExampleGen"), ("FORMAT_TF_EXAMPEL", "did you mean 'FORMAT_TF_EXAMPLE'")],
)
def test_other_payload_formats_are_refused(tmp_path: Path, given: Any, hint: str) -> None:
    write_file(tmp_path / "a.gz", RECORDS)
    assert hint in refused(ImportExampleGen, tmp_path, payload_format=given)
