from __future__ import annotations

import pytest

from mlops_metadata.service.query_words import LONGEST, words
from mlops_metadata.service.refused import RefusedError

pytestmark = pytest.mark.mlmd


def texts(query: str) -> list[str]:
    return [word.text for word in words(query)[:-1]]


def test_a_query_is_taken_apart() -> None:
    query = "contexts_a.name='x' AND(properties.`a b`.int_value>=-0x1F) -- the end\n# and more"
    assert texts(query) == [
        "contexts_a.name", "=", "x", "AND", "(", "properties.`a b`.int_value", ">=", "-", "0x1F",
        ")",
    ]  # fmt: skip
    assert texts("/* a */ id<>1.5e-3") == ["id", "<>", "1.5e-3"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"'it\'s'", "it's"),
        (r'"a\"b"', 'a"b'),
        ("'''it's'''", "it's"),
        (r"r'a\nb'", r"a\nb"),
        (r"'\x41\u00e9\U0001f427\101\n'", "Aé🐧A\n"),
        (r"'\\'", "\\"),
        ("''", ""),
    ],
)
def test_texts_mean_what_sql_says(written: str, meant: str) -> None:
    assert texts(written) == [meant]


@pytest.mark.parametrize(
    "query", ["'open", "id = $1", "a; b", r"'\q'", r"'\x00'", "1a", "`open", "/* a"]
)
def test_what_is_no_word_is_refused_with_its_place(query: str) -> None:
    with pytest.raises(RefusedError, match=r"\[at 1:\d+\]$"):
        words(query)


def test_long_queries_are_refused_before_they_are_read() -> None:
    with pytest.raises(RefusedError, match="more than 10,000 bytes"):
        words("\\" * (LONGEST + 1))
    # No text of that length takes long, however it is wrong.
    for bad in ("'''" + "\\" * (LONGEST - 3), "'" * 9999, "`" + "a" * 9000, "a." * 4999):
        with pytest.raises(RefusedError):
            words(bad)
