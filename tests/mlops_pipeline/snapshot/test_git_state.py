from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mlops_pipeline.snapshot.git_state import difference, find_checkout

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="asks git")


def git(folder: Path, *arguments: str) -> str:
    names = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    command = ["git", *names, *arguments]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", ".")
    (tmp_path / "a.py").write_text("one\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


@pytest.mark.parametrize("packed", [False, True])
def test_the_commit_is_the_one_that_git_tells(repository: Path, packed: bool) -> None:
    if packed:
        git(repository, "pack-refs", "--all")
    (repository / "sub").mkdir()
    checkout = find_checkout(repository / "sub")
    assert checkout is not None
    assert checkout.commit == git(repository, "rev-parse", "HEAD")
    git(repository, "checkout", "-q", "--detach")
    assert find_checkout(repository) == checkout


def test_a_second_work_tree_has_a_commit(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "other", str(tmp_path / "tree"))
    checkout = find_checkout(tmp_path / "tree")
    assert checkout is not None
    assert checkout.commit == git(repository, "rev-parse", "HEAD")


def test_the_difference_is_a_patch_of_the_named_files(repository: Path) -> None:
    checkout = find_checkout(repository)
    assert checkout is not None
    assert difference(checkout, [str(repository / "a.py")]) == ("", "")
    (repository / "a.py").write_text("two\n")
    patch, why = difference(checkout, [str(repository / "a.py")])
    assert ("-one\n+two\n" in patch, why) == (True, "")


def test_without_git_the_commit_is_known_and_the_difference_says_why_not(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    checkout = find_checkout(repository)
    assert checkout is not None
    assert difference(checkout, []) == ("", "git is not installed")


def test_a_new_repository_has_no_commit_and_a_plain_folder_no_checkout(tmp_path: Path) -> None:
    assert find_checkout(tmp_path) is None
    git(tmp_path, "init", "-q", ".")
    checkout = find_checkout(tmp_path)
    assert checkout is not None
    assert (checkout.commit, difference(checkout, [])[1]) == ("", "nothing is committed yet")
