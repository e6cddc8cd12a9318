"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from cli_project import Mlops


def test_artifacts_are_read_and_what_is_altered_is_named(mlops: Mlops) -> None:
    mlops("run", ".")
    found = mlops("verify")
    assert found.code == 0
    assert "artifacts read, 0 not as published" in found.out
    model = mlops("artifacts", "--type", "Model", "--json").data[0]
    (file,) = (each for each in Path(model["uri"]).rglob("*") if each.is_file())
    file.write_text("altered")
    found = mlops("verify", "last")
    assert found.code == 1
    assert f"Model {model['id']}: its content was altered: {model['uri']}" in found.out
    assert "1 not as published" in found.out
    bad = [each["id"] for each in mlops("verify", "--json").data if each["problem"]]
    assert bad == [model["id"]]


def test_nothing_to_read_is_no_success(mlops: Mlops) -> None:
    assert mlops("verify").code == 2
    mlops("run", ".", "--only", "Nothing")
    assert mlops("verify").code == 2


def test_a_lineage_is_verified_and_listed_for_sha256sum(mlops: Mlops, tmp_path: Path) -> None:
    mlops("run", ".", "--run-id", "one")
    result = mlops("verify", "--lineage", "one/Check", "--sha256sum", "list", "--json")
    assert {each["status"] for each in result.data} == {"verified"}
    done = subprocess.run(["sha256sum", "-c", "list"], capture_output=True, check=False)
    assert (result.code, done.returncode) == (0, 0)
    (weights,) = Path(".mlops").rglob("weights")
    weights.write_text("altered")
    result = mlops("verify", "--lineage", "Model", "--json")
    assert (result.code, [each["status"] for each in result.data]) == (1, ["altered"])
    shutil.rmtree(weights.parent)
    result = mlops("verify", "--lineage", "Model", "--json")
    assert (result.code, [each["status"] for each in result.data]) == (1, ["gone"])
    assert mlops("verify", "one", "--lineage", "Model").code == 2
