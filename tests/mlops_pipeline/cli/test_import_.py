from __future__ import annotations

from cli_project import Mlops


def test_a_limit_is_told_with_what_to_do(mlops: Mlops) -> None:
    mlops("run", ".", "--run-id", "one", "--store", "here.db")
    mlops("export", "one", "x.zip", "--store", "here.db")
    result = mlops("import", "x.zip", "--store", "there.db", "--limit", "0")
    assert (result.code, "allow more with --limit" in result.err) == (2, True)
