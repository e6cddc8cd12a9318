"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

from cli_project import Mlops


def test_artifacts_of_a_run_and_of_a_type(mlops: Mlops) -> None:
    mlops("run", ".")
    assert "Train.model" in mlops("artifacts").out
    found = mlops("artifacts", "--type", "Model", "--json").data
    assert [record["type"] for record in found] == ["Model"]
