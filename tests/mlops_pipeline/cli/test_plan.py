"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

from pathlib import Path

from cli_project import Mlops


def test_plan_says_what_would_run_without_making_a_store(mlops: Mlops, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/new/metadata.db"
    result = mlops("plan", ".", "--store", store)
    assert result.code == 0
    assert result.out.splitlines()[1].split()[:2] == ["Train", "run"]
    assert not (tmp_path / "new").exists()


def test_plan_after_a_run_names_what_changed(mlops: Mlops) -> None:
    mlops("run", ".")
    found = mlops("plan", ".", "-p", "least=4", "--json").data["nodes"]
    assert [(node["node_id"], node["decision"]) for node in found[:2]] == [
        ("Train", "cached"),
        ("Check", "run"),
    ]
    assert found[1]["changes"][0]["name"] == "least"


def test_a_plan_makes_nothing(mlops: Mlops, tmp_path: Path) -> None:
    before = {path.name for path in tmp_path.iterdir()}
    assert mlops("plan").code == 0
    assert {path.name for path in tmp_path.iterdir()} - {"__pycache__"} == before
