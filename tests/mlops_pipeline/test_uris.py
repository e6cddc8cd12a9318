from pathlib import Path

import pytest

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.uris import (
    is_remote,
    local_place,
    refuse_too_long,
    with_home,
    without_password,
)


@pytest.mark.parametrize("uri", ["s3://bucket/a", "gs://bucket", "memory://a"])
def test_a_url_of_something_without_a_path_is_remote(uri: str) -> None:
    assert is_remote(uri)


@pytest.mark.parametrize("uri", ["/a/b", "a", "file:///a/b", "local://a"])
def test_a_path_and_a_file_url_are_here(uri: str) -> None:
    assert not is_remote(uri)


def test_a_file_url_is_decoded_and_a_path_is_taken_as_it_is() -> None:
    assert local_place("file:///a%20b/c") == Path("/a b/c")
    assert local_place("/a%20b/c") == Path("/a%20b/c")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mysql://u:s3cret@h/d", "mysql://u:***@h/d"),
        ("mysql://u:a@b:c@h/d", "mysql://u:***@h/d"),
        ("postgresql://h/d?password=s3cret&sslmode=on", "postgresql://h/d?password=***&sslmode=on"),
        ("s3://bucket/x?aws_session_token=s3cret", "s3://bucket/x?aws_session_token=***"),
        ("mysql://u@h:3306/d", "mysql://u@h:3306/d"),
        ("sqlite:////home/a@b/m.db", "sqlite:////home/a@b/m.db"),
        ("/home/a:b@c/x", "/home/a:b@c/x"),
    ],
)
def test_a_password_in_a_url_is_not_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_a_path_that_is_too_long_is_refused_and_others_are_not(tmp_path: Path) -> None:
    for name in ("a" * 300, "/".join(["a"] * 5000)):
        with pytest.raises(OSError, match="too long"):
            refuse_too_long(tmp_path / name)
    for name in ("not there", "\0"):
        refuse_too_long(tmp_path / name)


def test_a_home_folder_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert with_home("~/a") == Path("/home/me/a")
    assert with_home("a/~b") == Path("a/~b")
    with pytest.raises(NotFoundError, match="no home folder for '~nosuchuser'") as caught:
        with_home("~nosuchuser/x")
    assert "./~nosuchuser" in caught.value.hint
