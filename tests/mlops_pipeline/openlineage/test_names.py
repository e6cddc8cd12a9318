"""Names that stay the same, and hold no secrets."""

import uuid

import pytest

from mlops_pipeline.openlineage.names import Named, place_name, stable_uuid, without_login


@pytest.mark.parametrize(
    ("uri", "namespace", "name"),
    [
        ("/data/raw/a b.csv", "file", "/data/raw/a b.csv"),
        ("file:///data/a%20b.csv", "file", "/data/a b.csv"),
        ("s3://bucket/raw/a.csv", "s3://bucket", "raw/a.csv"),
        ("s3://key:secret@bucket/raw/a.csv?sig=secret", "s3://bucket", "raw/a.csv"),
        ("s3://bucket", "s3://bucket", "/"),
        ("http://[broken", "file", "http://[broken"),
        ("", "file", "/"),
    ],
)
def test_what_no_node_made_is_named_by_its_place(uri: str, namespace: str, name: str) -> None:
    assert place_name(uri) == Named(namespace, name)


def test_logins_are_taken_out_of_any_text() -> None:
    said = "no route to postgresql://me:secret@db/x or https://t@h/, but me@home stays"
    expected = "no route to postgresql://db/x or https://h/, but me@home stays"
    assert without_login(said) == expected


def test_an_id_is_the_same_for_the_same_thing_and_sorts_by_time() -> None:
    first, again, later = (stable_uuid(t, "run", 1) for t in (1.0e9, 1.0e9, 1.1e9))
    assert first == again
    assert first < later
    assert uuid.UUID(first).version == 7
    assert uuid.UUID(first).variant == uuid.RFC_4122
    assert stable_uuid(1e9, "run", 2) != first


@pytest.mark.parametrize("moment", [0.0, -5.0, float("nan"), float("inf"), 1e300])
def test_a_time_that_is_none_gives_an_id_too(moment: float) -> None:
    assert uuid.UUID(stable_uuid(moment, "x")).version == 7
