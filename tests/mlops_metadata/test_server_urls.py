from __future__ import annotations

import pytest

from mlops_metadata.server_urls import split_url
from mlops_pipeline.errors import StoreError

FORM = "postgresql://user@host:5432/database"


def test_a_url_is_taken_apart() -> None:
    place = split_url("postgresql://me%40x@db:7000/mlmd?ca=/a.pem", FORM, ("ca",))
    assert (place.host, place.port, place.user, place.database) == ("db", 7000, "me@x", "mlmd")
    assert place.options == {"ca": "/a.pem"}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://me:secret@db/mlmd", "holds a password"),
        ("postgresql:///mlmd", "names no host"),
        ("postgresql://db:port/mlmd", "is not the URL of a store"),
        ("postgresql://me@db/mlmd?cat=x", "unknown option 'cat'"),
    ],
)
def test_what_is_wrong_with_a_url_is_told_without_its_password(url: str, words: str) -> None:
    with pytest.raises(StoreError) as caught:
        split_url(url, FORM, ("ca",))
    assert words in caught.value.message
    assert "secret" not in str(caught.value)
