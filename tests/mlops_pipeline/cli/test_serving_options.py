"""Options of what a server reads and writes: the same for every command that has them."""

from __future__ import annotations

import pytest
from cli_project import Mlops


@pytest.mark.parametrize(
    "words",
    [
        ["deploy"],
        ["rollout", "run"],
        ["business", "report"],
        ["retrain"],
        ["watch"],
        ["monitor"],
    ],
)
def test_the_log_is_named_alike_everywhere(mlops: Mlops, words: list[str]) -> None:
    told = " ".join(mlops(*words, "--help").out.split())
    assert "--log PATH" in told
    assert "[default: serving/log]" in told
