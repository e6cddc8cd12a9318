from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mlops_pipeline.snapshot.ignored import is_ignored, parse_rules, rules_in

PATTERNS = """
# a comment
*.log
!keep.log
/top.txt
build/
docs/*.md
**/deep/*.py
data/**
a?c
[xy].sql
!/data/schema.sql
trailing\\ 
"""

NAMES = (
    *("a.log", "keep.log", "sub/b.log", "sub/keep.log", "top.txt", "sub/top.txt", "docs/a.md"),
    *("docs/sub/a.md", "deep/m.py", "one/deep/m.py", "deep/sub/m.py", "data/x.csv", "abc", "ac"),
    *("x.sql", "z.sql", "sub/y.sql", "build", "sub/abc", "data/schema.sql"),
)


@pytest.mark.skipif(shutil.which("git") is None, reason="git says what is right")
def test_rules_ignore_what_git_ignores(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text(PATTERNS)
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    told = subprocess.run(
        ["git", "check-ignore", "--no-index", *NAMES],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    wanted = set(told.stdout.split())
    rules = rules_in(str(tmp_path))

    def ignored(name: str) -> bool:
        folders = [str(tmp_path / each) for each in Path(name).parents if each != Path()]
        return is_ignored(str(tmp_path / name), False, rules) or any(
            is_ignored(each, True, rules) for each in folders
        )

    assert {name for name in NAMES if ignored(name)} == wanted
    assert len(wanted) > 8


def test_a_folder_without_rules_and_a_broken_rule_ignore_nothing(tmp_path: Path) -> None:
    assert rules_in(str(tmp_path)) == []
    assert not is_ignored("/p/a.py", False, parse_rules("[z-a].py\n", "/p"))
