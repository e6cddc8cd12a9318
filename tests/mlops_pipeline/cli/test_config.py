"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

from pathlib import Path

from cli_project import Mlops


def test_config_shows_where_each_value_came_from(mlops: Mlops, tmp_path: Path) -> None:
    (tmp_path / "mlops.toml").write_text("workers = 3")
    found = mlops("config", "--json").data["settings"]
    assert found["workers"] == {"value": 3, "from": str(tmp_path / "mlops.toml")}
    assert found["store"]["from"] == "MLOPS_STORE"
    assert found["lease"]["from"] == "default"
