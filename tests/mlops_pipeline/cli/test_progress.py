"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

from cli_project import Mlops


def test_progress_is_one_plain_line_a_node_where_there_is_no_terminal(mlops: Mlops) -> None:
    lines = mlops("run", ".").err.splitlines()
    assert [line.split()[:3] for line in lines[:2]] == [
        ["[1/3]", "Train", "run"],
        ["[2/3]", "Check", "run"],
    ]
    assert len(lines) == 4
    assert "\033" not in "".join(lines)
