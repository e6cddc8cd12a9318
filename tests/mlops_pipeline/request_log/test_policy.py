"""The policy of a log: what is kept of a feature, and mistakes in its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.request_log import read_log_policy
from mlops_pipeline.request_log.policy import bucket_of, treated

POLICY = """
sample = 0.25
[features]
age = "keep"
name = "hash"
income = { bucket = [0, 20_000, 50_000] }
[outputs]
raw = "drop"
"""


def test_what_is_not_named_is_dropped_of_inputs_and_kept_of_outputs(tmp_path: Path) -> None:
    (tmp_path / "log.toml").write_text(POLICY)
    policy = read_log_policy(tmp_path / "log.toml")
    assert policy.sample == 0.25
    assert [policy.of_feature(n) for n in ("age", "name", "new")] == ["keep", "hash", "drop"]
    assert policy.of_feature("income") == (0, 20_000, 50_000)
    assert [policy.of_output(name) for name in ("raw", "scores")] == ["drop", "keep"]


@pytest.mark.parametrize(
    ("value", "bucket"),
    [(-5, 0), (0, 1), (19_999.5, 1), (20_000, 2), (1e9, 3), (float("nan"), None), ("x", None)],
)
def test_a_number_falls_into_the_bucket_between_its_edges(value: object, bucket: object) -> None:
    assert bucket_of(value, (0.0, 20_000.0, 50_000.0)) == bucket


def test_lists_are_treated_value_by_value() -> None:
    assert treated([1, 30_000], (0.0, 20_000.0), str) == [1, 2]
    assert treated([b"a", "b"], "hash", lambda text: f"<{text}>") == ["<a>", "<b>"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("feature = 1", "no 'feature'"),
        ("sample = 2", "no share"),
        ("sample = true", "no share"),
        ("features = 3", "no table"),
        ('[features]\nage = "hide"', "features.age"),
        ("[features]\nage = { bucket = [] }", "features.age"),
        ("[features]\nage = { bucket = [2, 1] }", "numbers that grow"),
        ("[features]\nage = { bucket = [nan] }", "numbers that grow"),
        ("[features", "TOML"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "log.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_log_policy(tmp_path / "log.toml")
    assert told in f"{caught.value.message} {caught.value.hint}"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"log\.toml"):
        read_log_policy(tmp_path / "log.toml")
