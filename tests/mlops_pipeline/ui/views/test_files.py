"""Files of artifacts and logs, read below known folders only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.store import ArtifactRecord, MemoryStore
from mlops_pipeline.ui.views import files
from mlops_pipeline.ui.views.files import FileRow, list_files, read_file, read_log
from mlops_pipeline.ui.views.reader import Reader


@pytest.fixture
def model(tmp_path: Path) -> ArtifactRecord:
    folder = tmp_path / "root" / "model"
    (folder / "b").mkdir(parents=True)
    (folder / "a").write_text("12345")
    (folder / "b" / "c").write_text("1")
    return ArtifactRecord("Model", str(folder), 1)


@pytest.fixture
def known(tmp_path: Path) -> Reader:
    return Reader(MemoryStore(), roots=(str(tmp_path / "root"), "s3://bucket"))


def test_files_are_listed_by_path_with_their_sizes(known: Reader, model: ArtifactRecord) -> None:
    assert list_files(known, model).files == (FileRow("a", 5), FileRow("b/c", 1))
    one = ArtifactRecord("Model", f"file://{model.uri}/a")
    assert list_files(known, one).files == (FileRow("", 5),)
    assert read_file(known, one, "", 3) == (b"123", 5)


def test_a_link_out_of_a_known_folder_is_listed_and_not_followed(
    known: Reader, model: ArtifactRecord, tmp_path: Path
) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "x").write_text("s" * 1_000)
    Path(model.uri, "out").symlink_to(tmp_path / "secret")
    rows = {row.path: row.bytes for row in list_files(known, model).files}
    assert set(rows) == {"a", "b/c", "out"}
    with pytest.raises(NotFoundError, match="leads out"):
        read_file(known, model, "out/x", 10)


def test_a_known_folder_may_be_a_link_itself(model: ArtifactRecord, tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(tmp_path / "root")
    reader = Reader(MemoryStore(), roots=(str(tmp_path / "here"),))
    assert list_files(reader, model).files


@pytest.mark.parametrize(
    ("uri", "note"),
    [
        ("/etc", "outside the folders"),
        ("{root}/../x", "outside the folders"),
        ("{root}/gone", "the files are gone"),
        ("s3://bucket/x", "not on this machine"),
        ("", "names no path"),
        ("{root}/a\0b", "names no path"),
        ("x" * 100_000, "outside the folders"),
    ],
)
def test_what_may_not_or_cannot_be_listed_says_why(
    known: Reader, tmp_path: Path, uri: str, note: str
) -> None:
    place = uri.replace("{root}", str(tmp_path / "root"))
    (tmp_path / "root").mkdir()
    found = list_files(known, ArtifactRecord("Model", place))
    assert found.files == ()
    assert note in found.note or "cannot be reached" in found.note


def test_a_long_list_of_files_is_cut(
    known: Reader, model: ArtifactRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_FILES", 1)
    found = list_files(known, model)
    assert (found.files, found.note) == ((FileRow("a", 5),), "only the first 1 files are listed")


def test_a_pipe_and_a_folder_are_no_files(known: Reader, model: ArtifactRecord) -> None:
    os.mkfifo(Path(model.uri) / "pipe")
    for name in ("pipe", "b", "missing"):
        with pytest.raises(NotFoundError):
            read_file(known, model, name, 10)


def test_the_end_of_a_log_is_read(known: Reader, model: ArtifactRecord, tmp_path: Path) -> None:
    log = tmp_path / "root" / "log"
    log.write_bytes(b"x" * files.SHOWN + b"end\xff")
    found = read_log(known, str(log))
    assert found
    assert found.text.endswith("end\ufffd")
    assert found.note == f"the last {files.SHOWN:,} of {files.SHOWN + 4:,} bytes"
    assert read_log(known, "") is None
    outside = read_log(known, "/etc/passwd")
    assert outside
    assert (outside.text, "outside" in outside.note) == ("", True)
    folder = read_log(known, model.uri)
    assert folder
    assert folder.text == ""
