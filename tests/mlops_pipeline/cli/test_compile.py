"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

import json
from pathlib import Path

from cli_project import Mlops


def test_compile_writes_the_same_bytes_each_time(mlops: Mlops, tmp_path: Path) -> None:
    first = mlops("compile", ".").out
    assert mlops("compile", ".", "-o", "small.json").out == "small.json: small, 3 nodes\n"
    assert (tmp_path / "small.json").read_text() == first
    assert json.loads(first)["name"] == "small"


def test_compile_elsewhere_says_where_paths_start(mlops: Mlops, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert str(tmp_path) not in mlops("compile", ".", "-o", "small.json").out
    told = mlops("compile", ".", "-o", "out/small.json").out
    assert f"to run its nodes elsewhere, add --base-dir {tmp_path}" in told
    flags = ("--run-id", "r1", "--base-dir", ".")
    assert mlops("run-node", "out/small.json", "Train", *flags).code == 0
