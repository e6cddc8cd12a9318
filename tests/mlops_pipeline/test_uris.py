from pathlib import Path

import pytest

from mlops_pipeline.uris import is_remote, local_place


@pytest.mark.parametrize("uri", ["s3://bucket/a", "gs://bucket", "memory://a"])
def test_a_url_of_something_without_a_path_is_remote(uri: str) -> None:
    assert is_remote(uri)


@pytest.mark.parametrize("uri", ["/a/b", "a", "file:///a/b", "local://a"])
def test_a_path_and_a_file_url_are_here(uri: str) -> None:
    assert not is_remote(uri)


def test_a_file_url_is_decoded_and_a_path_is_taken_as_it_is() -> None:
    assert local_place("file:///a%20b/c") == Path("/a b/c")
    assert local_place("/a%20b/c") == Path("/a%20b/c")
