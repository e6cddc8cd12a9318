from __future__ import annotations

import pytest

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.retention import Policy, read_policy
from mlops_pipeline.retention.policy import age_seconds
from mlops_pipeline.settings import Settings


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0), ("90m", 5400), ("12h", 43_200), ("1.5d", 129_600), ("2w", 1209600)],
)
def test_an_age_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert age_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1e9d", "7 years", "٣d"])
def test_what_is_no_age_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(SettingsError, match="no age") as caught:
        age_seconds(text)
    assert "30d" in caught.value.hint


def test_the_settings_say_the_policy() -> None:
    assert read_policy(Settings()) == Policy()
    found = read_policy(
        Settings(gc_keep_last=0, gc_younger="1h", gc_keep=("none",), gc_upstream=("Schema",))
    )
    assert found == Policy(0, 3600, frozenset(), frozenset({"Schema"}))
