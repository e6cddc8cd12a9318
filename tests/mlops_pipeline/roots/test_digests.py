import hashlib
import os
import shutil
import socket
from pathlib import Path

import pytest
from digest_files import LARGE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.roots import digest_path, fsync_tree


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path):
    (tmp_path / "f").write_bytes(LARGE)
    assert digest_path(tmp_path / "f") == hashlib.sha256(LARGE).hexdigest()


def test_a_tree_is_the_same_wherever_it_is(tree, tmp_path):
    shutil.copytree(tree, tmp_path / "elsewhere")
    assert digest_path(tree) == digest_path(tmp_path / "elsewhere")


def test_the_order_of_creation_does_not_matter(tmp_path):
    for folder, names in (("one", "abc"), ("two", "cba")):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_text(name)
    assert digest_path(tmp_path / "one") == digest_path(tmp_path / "two")


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a.txt").write_text("two"),
        lambda root: (root / "a.txt").rename(root / "z.txt"),
        lambda root: (root / "a.txt").rename(root / "sub" / "a.txt"),
        lambda root: (root / "a.txt").unlink(),
        lambda root: (root / "new").write_text(""),
        lambda root: (root / ".hidden").write_text(""),
        lambda root: (root / "sub" / "deep" / "c").write_text("tree"),
    ],
)
def test_a_change_in_a_tree_changes_its_digest(tree, change, cache):
    before = digest_path(tree, cache)
    change(tree)
    assert digest_path(tree, cache) != before


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a.txt").chmod(0o755),
        lambda root: os.utime(root / "a.txt", (0, 0)),
        lambda root: (root / "empty").mkdir(),
        lambda root: (root / "sub" / "__pycache__").mkdir(),
        lambda root: (root / ".DS_Store").write_text("x"),
    ],
)
def test_modes_times_empty_folders_and_junk_do_not_count(tree, change):
    before = digest_path(tree)
    change(tree)
    assert digest_path(tree) == before


def test_names_and_contents_cannot_pass_for_each_other(tmp_path):
    for folder, files in {"one": {"a": "b", "c": "d"}, "two": {"a": "bc", "d": ""}}.items():
        (tmp_path / folder).mkdir()
        for name, text in files.items():
            (tmp_path / folder / name).write_text(text)
    assert digest_path(tmp_path / "one") != digest_path(tmp_path / "two")


def test_a_folder_is_not_its_only_file(tree):
    assert digest_path(tree / "sub" / "deep") != digest_path(tree / "sub" / "deep" / "c")


def test_links_count_as_what_they_point_to(tree, tmp_path):
    shutil.copytree(tree, tmp_path / "plain")
    shutil.move(tree / "sub", tmp_path / "outside")
    (tree / "sub").symlink_to(tmp_path / "outside")
    (tree / "a.txt").rename(tmp_path / "kept")
    (tree / "a.txt").symlink_to(tmp_path / "kept")
    assert digest_path(tree) == digest_path(tmp_path / "plain")


def test_links_into_a_loop_end(tree):
    before = digest_path(tree)
    (tree / "sub" / "up").symlink_to(tree)
    looped = digest_path(tree)
    assert looped != before
    (tree / "sub" / "up").unlink()
    (tree / "sub" / "up").symlink_to("..")
    assert digest_path(tree) == looped


def test_names_that_are_not_text_count(tmp_path):
    root = tmp_path / "tree"
    root.mkdir()
    before = digest_path(root)
    Path(os.fsdecode(os.fsencode(root) + b"/\xff")).write_text("x")
    assert digest_path(root) != before


def test_large_trees_are_read_in_parallel_to_the_same_digest(tmp_path, monkeypatch):
    for number in range(5):
        (tmp_path / f"{number}").write_bytes(bytes([number]) * 70_000)
    one = digest_path(tmp_path)
    monkeypatch.setattr("mlops_pipeline.roots.digests._PARALLEL", 1)
    assert digest_path(tmp_path) == one


def test_a_missing_path_says_so(tmp_path, cache):
    with pytest.raises(NotFoundError, match=r"data\.csv does not exist"):
        digest_path(tmp_path / "data.csv", cache)


def test_a_path_below_a_file_says_so(tree):
    with pytest.raises(NotFoundError, match=r"a\.txt"):
        digest_path(tree / "a.txt" / "b")


def test_a_dead_link_is_named_with_what_it_points_to(tree):
    (tree / "dead").symlink_to("nowhere")
    with pytest.raises(NotFoundError, match=r"dead is a link to nowhere"):
        digest_path(tree)


def test_a_socket_in_a_tree_is_an_error(tree, monkeypatch):
    monkeypatch.chdir(tree)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        with pytest.raises(NotFoundError, match="neither a file nor a folder"):
            digest_path(tree)


def test_fsync_reaches_files_and_trees(tree):
    (tree / "dead").symlink_to("nowhere")
    fsync_tree(tree)
    fsync_tree(tree / "a.txt")


FILES = st.dictionaries(
    st.lists(st.sampled_from(["a", "b", "a-", "c.d"]), min_size=1, max_size=3).map("/".join),
    st.binary(max_size=5),
    max_size=5,
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(FILES, FILES)
def test_trees_have_equal_digests_only_if_they_are_equal(tmp_path_factory, one, two):
    def digest(files):
        root = tmp_path_factory.mktemp("tree")
        kept = {}
        for name, data in files.items():
            if not any(other != name and other.startswith(f"{name}/") for other in files):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_bytes(data)
                kept[name] = data
        return digest_path(root), kept

    (first, kept_one), (second, kept_two) = digest(one), digest(two)
    assert (first == second) is (kept_one == kept_two)


@pytest.mark.parametrize("files", [3, 300])
def test_trees_of_any_size_are_brought_to_the_disk(tmp_path: Path, files: int) -> None:
    (tmp_path / "deep").mkdir()
    for number in range(files):
        (tmp_path / "deep" / str(number)).write_text("x")
    (tmp_path / "link").symlink_to("nowhere")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    fsync_tree(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
