"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

from cli_project import Mlops


def test_doctor_ends_with_1_if_the_store_cannot_be_opened(mlops: Mlops) -> None:
    assert mlops("doctor").code == 0
    result = mlops("doctor", "--store", "nosuch://x")
    assert result.code == 1
    assert "no store is registered for nosuch://" in result.out
