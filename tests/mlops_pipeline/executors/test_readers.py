from __future__ import annotations

import importlib.metadata
import json
import linecache
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from mlops_pipeline.executors.readers import (
    is_installed,
    kind_of_glob,
    kind_of_pattern,
    listing,
    opened_by_python,
    reader_of,
    searches_packages,
    source_of,
    stamp_at,
)


def here() -> FrameType:
    return sys._getframe(1)


def test_what_python_brings_is_installed_and_a_project_is_not(tmp_path: Path) -> None:
    assert is_installed(json.__file__)
    assert is_installed("/env/lib/site-packages/a/b.txt")
    assert not is_installed(str(tmp_path / "conf.yaml"))


def test_a_stamp_changes_with_the_file_and_is_empty_without_one(tmp_path: Path) -> None:
    file = tmp_path / "a"
    assert stamp_at(str(file)) == ""
    file.write_text("1")
    before = stamp_at(str(file))
    file.write_text("22")
    assert stamp_at(str(file)) != before


@pytest.mark.parametrize("name", ["part.py", "__pycache__/part.cpython-311.pyc"])
def test_source_is_found_for_source_and_compiled_form(name: str, tmp_path: Path) -> None:
    (tmp_path / "part.py").touch()
    assert source_of(str(tmp_path / name)) == str(tmp_path / "part.py")
    assert source_of(str(tmp_path / "other.py")) == ""


def test_names_that_come_and_go_by_themselves_are_not_listed(tmp_path: Path) -> None:
    for name in ("b.py", "a.csv", "m.db-wal", "x.swp"):
        (tmp_path / name).touch()
    (tmp_path / "__pycache__").mkdir()
    assert listing(str(tmp_path), "names") == ["a.csv", "b.py"]
    assert listing(str(tmp_path), "modules") == ["b.py"]
    assert listing(str(tmp_path), "names", {str(tmp_path / "b.py")}) == ["a.csv"]
    assert listing(str(tmp_path / "gone"), "names") == []


def test_the_reader_is_the_users_code_and_not_that_of_a_library() -> None:
    frame = here()
    assert reader_of(frame) is frame
    found: list[FrameType | None] = []
    json.loads("{}", object_hook=lambda _: found.append(reader_of(sys._getframe(1))))
    assert found == [None]


def test_a_variable_that_a_function_within_expandvars_reads_is_read_by_its_caller() -> None:
    text = "def expandvars(read):\n    def repl():\n        return read()\n    return repl()\n"
    code: dict[str, Any] = {}
    exec(compile(text, "<frozen posixpath>", "exec"), code)  # noqa: S102 - code of this test
    assert code["expandvars"](lambda: reader_of(sys._getframe(1))) is sys._getframe(0)


@pytest.mark.parametrize(("pattern", "kind"), [
    ("*.csv", "like *.csv"),
    ("**/*.csv", "like **/*.csv"),
    ("rows/**", "names"),
])  # fmt: skip
def test_a_search_counts_for_the_folders_below_its_own(pattern: str, kind: str) -> None:
    globs = {"/data": kind_of_pattern(pattern), "/more": "names"}
    assert kind_of_glob(globs, "/data") == kind_of_glob(globs, "/data/rows") == kind
    assert kind_of_glob(globs, "/database") == "names"


def test_searches_of_one_folder_count_together() -> None:
    globs = {"/data": "like *.csv", "/data/rows": "like *.md"}
    assert kind_of_glob(globs, "/data") == "like *.csv"
    assert kind_of_glob(globs, "/data/rows") == "like *.csv/*.md"


def test_a_search_for_installed_packages_is_no_use_of_a_folder() -> None:
    seen = []

    def hook(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name == "children":
            seen.append(searches_packages(frame))

    sys.setprofile(hook)
    try:
        list(importlib.metadata.distributions())
    finally:
        sys.setprofile(None)
    assert seen
    assert all(seen)
    assert not searches_packages(here())


def test_a_line_of_code_for_a_traceback_is_no_use_of_the_file() -> None:
    assert not opened_by_python(here(), "conf.py")
    seen = []

    def hook(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name == "updatecache":
            seen.append(opened_by_python(frame, "conf.py"))

    linecache.clearcache()
    sys.setprofile(hook)
    try:
        linecache.getline(__file__, 1)
        linecache.clearcache()
        traceback.extract_stack()[-1].line  # noqa: B018 - it is read then
    finally:
        sys.setprofile(None)
    assert seen[0] is False
    assert True in seen
