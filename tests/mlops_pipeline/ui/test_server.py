"""The server: a real one on a real port, addresses, tokens, a store that comes later."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from served_pages import Pages, get, serving_pages

from mlops_pipeline.errors import SettingsError, StoreError
from mlops_pipeline.listening import Address
from mlops_pipeline.store import MemoryStore
from mlops_pipeline.ui.server import LateStore, base_path, url_of
from mlops_pipeline.ui.views import Reader


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Pages]:
    """A server of an empty project."""
    (tmp_path / "mlops.toml").write_text("")
    with serving_pages([sys.executable, "-m", "mlops_pipeline.cli"], tmp_path) as pages:
        yield pages


@pytest.mark.slow  # Starts a server.
def test_a_server_of_an_empty_project_says_what_to_do_and_shows_the_first_run(
    served: Pages, tmp_path: Path
) -> None:
    cookie, page = served.enter(), served.page
    assert "Nothing is recorded yet" in get(page, cookie)[2]
    script = (
        "import mlops_pipeline as m\n@m.component\ndef One() -> int:\n    return 1\n"
        "@m.pipeline\ndef tiny() -> None:\n    One()\n"
    )
    (tmp_path / "pipeline.py").write_text(script)
    run = [sys.executable, "-m", "mlops_pipeline.cli", "run", "--in-process", "--run-id", "one"]
    subprocess.run(run, cwd=tmp_path, check=True, capture_output=True)
    assert "run?id=one" in get(page, cookie)[2]
    assert get(page)[0] == 401
    shutil.rmtree(tmp_path / ".mlops")
    assert "Nothing is recorded yet" in get(page, cookie)[2]
    subprocess.run([*run[:-1], "two"], cwd=tmp_path, check=True, capture_output=True)
    again = get(page, cookie)[2]
    assert ("run?id=two" in again, "run?id=one" in again) == (True, False)
    served.process.send_signal(signal.SIGINT)
    out, err = served.process.communicate(timeout=20)
    assert (served.process.returncode, "Traceback" in err, "ended" in out) == (0, False, True)


def test_the_printed_address_leads_in() -> None:
    assert url_of(Address(), 80, "t") == "http://127.0.0.1:80/?token=t"
    page = url_of(Address("::1", base="/a"), 80, "t", "run?id=x")
    assert page == "http://[::1]:80/a/run?id=x&token=t"
    assert url_of(Address("0.0.0.0", names=("n",)), 1, "") == "http://n:1/"


@pytest.mark.parametrize(("given", "path"), [("", ""), ("/", ""), ("a", "/a"), ("/a/b/", "/a/b")])
def test_a_base_path_has_one_form(given: str, path: str) -> None:
    assert base_path(given) == path


@pytest.mark.parametrize("given", ["/../x", "a//b", "a b", "é", "a?b", "a;b"])
def test_a_base_path_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(SettingsError, match="is no path"):
        base_path(given)


def test_a_store_is_opened_when_it_comes_and_again_when_it_is_replaced() -> None:
    stamps: list[object] = [None]
    opened: list[MemoryStore] = []

    def open_it() -> MemoryStore:
        opened.append(MemoryStore())
        return opened[-1]

    late = LateStore(Reader(MemoryStore(), "p"), lambda: stamps[-1], open_it)
    assert (late().there, late().place) == (False, "p")
    for count, stamp in enumerate(["one", "another"], 1):
        stamps.append(stamp)
        for _ in range(2):
            assert (late().there, late().store is opened[-1]) == (True, True)
        assert len(opened) == count
    stamps.append(None)
    assert not late().there


def test_a_store_that_cannot_be_opened_yet_is_tried_again() -> None:
    answers = iter([StoreError("half there"), MemoryStore()])

    def open_it() -> MemoryStore:
        found = next(answers)
        if isinstance(found, StoreError):
            raise found
        return found

    late = LateStore(Reader(MemoryStore()), lambda: "there", open_it)
    with pytest.raises(StoreError):
        late()
    assert late().there
