"""Values as texts: the digits are those that ZetaSQL writes."""

from typing import Any

import pytest

pytestmark = pytest.mark.ml


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "INT64", "NULL"),
        (-(1 << 63), "INT64", "-9223372036854775808"),
        (4.099999904632568, "FLOAT", "4.1"),
        (16777216.0, "FLOAT", "16777216"),
        (0.1, "DOUBLE", "0.1"),
        (0.1 + 0.2, "DOUBLE", "0.30000000000000004"),
        (1e15, "DOUBLE", "1e+15"),
        (27021597764222980.0, "DOUBLE", "27021597764222980"),
        (3.4028235e38, "FLOAT", "3.4028235e+38"),
        (float("inf"), "DOUBLE", "inf"),
        (float("nan"), "DOUBLE", "nan"),
        ("é", "STRING", "é"),
        ("é".encode(), "BYTES", "é"),
    ],
)
def test_a_value_as_text(value: Any, kind: str, text: str) -> None:
    from mlops_components.sql._texts import as_text

    assert as_text(value, kind) == text


def test_bytes_that_are_no_text_are_refused() -> None:
    from mlops_components.sql._texts import as_text

    with pytest.raises(ValueError, match="utf-8"):
        as_text(b"\xff", "BYTES")
