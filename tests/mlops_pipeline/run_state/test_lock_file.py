import sys
from pathlib import Path

import pytest

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.run_state import find_lock, lock_digest
from mlops_pipeline.run_state.lock_file import describe_environment


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    (root / "pipelines" / "penguin").mkdir(parents=True)
    (root / "pyproject.toml").write_text("")
    return root


@pytest.mark.parametrize(
    "name", ["uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "requirements.lock"]
)
def test_the_lock_is_found_up_to_the_root_of_the_project(project, name):
    (project / name).write_text("")
    assert find_lock(project / "pipelines" / "penguin") == project / name


def test_the_nearest_lock_counts(project):
    (project / "uv.lock").write_text("")
    (project / "pipelines" / "requirements.lock").write_text("")
    assert find_lock(project / "pipelines" / "penguin") == (
        project / "pipelines" / "requirements.lock"
    )


def test_locks_above_the_project_do_not_count(project):
    (project.parent / "uv.lock").write_text("")
    assert find_lock(project / "pipelines") is None


@pytest.mark.parametrize("marker", ["mlops.toml", "pyproject.toml"])
def test_either_file_marks_the_root(tmp_path, marker):
    (tmp_path / "uv.lock").write_text("")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / marker).write_text("")
    assert find_lock(inner) is None


def test_without_a_project_only_the_folder_itself_counts(tmp_path):
    (tmp_path / "uv.lock").write_text("")
    (tmp_path / "loose").mkdir()
    assert find_lock(tmp_path / "loose") is None
    assert find_lock(tmp_path) == tmp_path / "uv.lock"


def test_a_relative_folder_is_looked_up_from_here(project, monkeypatch):
    (project / "uv.lock").write_text("")
    monkeypatch.chdir(project / "pipelines")
    assert find_lock(Path()) == project / "uv.lock"


def test_a_changed_version_changes_the_digest(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text("numpy==1.26.4\n")
    before = lock_digest(lock)
    lock.write_text("numpy==1.26.5\n")
    assert lock_digest(lock) != before


@pytest.mark.parametrize(
    "text",
    [
        "numpy==1.26.4  # via tensorflow\n",
        "# made by a newer tool\n\nnumpy==1.26.4\n    # via tensorflow\n",
        "numpy==1.26.4\r\n",
    ],
)
def test_comments_and_line_ends_do_not_change_the_digest(tmp_path, text):
    lock = tmp_path / "requirements.lock"
    lock.write_text("numpy==1.26.4\n")
    before = lock_digest(lock)
    lock.write_bytes(text.encode())
    assert lock_digest(lock) == before


def test_a_url_with_a_fragment_is_not_a_comment(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text("x @ https://example.org/x.zip#sha256=1\n")
    before = lock_digest(lock)
    lock.write_text("x @ https://example.org/x.zip#sha256=2\n")
    assert lock_digest(lock) != before


def test_no_lock_has_an_empty_digest():
    assert lock_digest(None) == ""


def test_a_lock_that_is_gone_says_so(tmp_path):
    with pytest.raises(NotFoundError, match=r"uv\.lock"):
        lock_digest(tmp_path / "uv.lock")


def test_the_interpreter_and_the_platform_are_described():
    found = describe_environment()
    assert found["python"].startswith(".".join(map(str, sys.version_info[:3])))
    assert found["system"] == sys.platform
    assert set(found) == {"python", "implementation", "system", "machine"}
