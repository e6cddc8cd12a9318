"""Damaged and contradictory files: each has its named error, with file and row or record."""

from pathlib import Path

import pytest
from refused_inputs import example, refused
from tfrecord_file import write_file

from mlops_components import (
    HashSplit,
    ImportExampleGen,
    OutputConfig,
    SplitConfig,
)
from mlops_components.records import message_types

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def test_partition_features_that_are_not_there_are_named(tmp_path: Path) -> None:
    named = message_types()["Example"]()
    named.features.feature["user"].bytes_list.value.append(b"a")
    write_file(tmp_path / "a.gz", [named.SerializeToString(), example(2)])
    by_user = OutputConfig(SplitConfig([HashSplit("all", 1)], "user"))
    assert "no column 'user' to split by" in refused(
        ImportExampleGen, tmp_path, output_config=by_user
    )
    message = message_types()["Example"]()
    message.features.feature["user"].bytes_list.SetInParent()
    write_file(tmp_path / "a.gz", [named.SerializeToString(), message.SerializeToString()])
    text = refused(ImportExampleGen, tmp_path, output_config=by_user)
    assert "a.gz: row 2 has no value, or a float, in the column 'user'" in text
    proto = {"payload_format": "FORMAT_PROTO", "output_config": by_user}
    assert "cannot be split by 'user'" in refused(ImportExampleGen, tmp_path, **proto)
