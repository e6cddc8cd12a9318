"""Places of outputs: found, measured and removed, and nothing else with them."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from mlops_pipeline.roots import Places, open_places, place_by_tail
from mlops_pipeline.roots.object_store import list_infos, write_bytes

PLACE = "pets/Train/model/5"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root" / PLACE
    (folder / "deep").mkdir(parents=True)
    (folder / "a").write_text("aaa")
    (folder / "deep" / "b").write_text("bb")
    return tmp_path / "root"


@pytest.fixture
def places(root: Path) -> Places:
    return open_places(str(root))


def test_a_place_is_listed_measured_and_removed(root: Path, places: Places) -> None:
    assert places.outputs() == [PLACE]
    measured = places.measure(PLACE)
    assert (measured.size, measured.files) == (5, 2)
    assert places.remove(PLACE) == ""
    assert (places.outputs(), places.measure(PLACE).files) == ([], 0)
    assert list((root / ".removed").iterdir()) == []
    assert (root / PLACE).parent.is_dir()
    # Somebody else may have removed it.
    assert places.remove(PLACE) == ""


def test_names_that_are_not_ours_are_neither_listed_nor_places(root: Path, places: Places) -> None:
    for name in ("pets/Train/model/notes", ".logs/a/b/1", "pets/.state/r/1", "pets/Train/model/5x"):
        (root / name).mkdir(parents=True)
        assert places.place_of(str(root / name)) == ""
    (root / "pets" / "Train" / "model" / "6").write_text("a file")
    assert places.outputs() == [PLACE, "pets/Train/model/6"]


def test_staged_folders_are_listed_by_themselves(root: Path, places: Places) -> None:
    for name in ("5-abc1", "6-abc1.moving", "strange"):
        (root / "pets" / ".staging" / name).mkdir(parents=True)
    assert places.staged() == ["pets/.staging/5-abc1", "pets/.staging/6-abc1.moving"]


def test_nothing_is_reached_through_a_link(tmp_path: Path, root: Path, places: Places) -> None:
    outside = tmp_path / "outside" / "model" / "7"
    outside.mkdir(parents=True)
    (outside / "mine").write_text("mine")
    (root / "pets" / "Linked").symlink_to(tmp_path / "outside")
    assert places.outputs() == [PLACE]
    assert "behind a link" in places.remove("pets/Linked/model/7")
    assert places.measure("pets/Linked/model/7").files == 0
    # A link that an output is, or holds, goes by itself.
    (root / "pets" / "Train" / "model" / "8").symlink_to(outside)
    (root / PLACE / "link").symlink_to(outside)
    assert places.remove("pets/Train/model/8") == ""
    assert places.remove(PLACE) == ""
    assert (outside / "mine").read_text() == "mine"


def test_a_folder_for_what_is_removed_that_is_a_link_is_not_used(
    tmp_path: Path, root: Path, places: Places
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (root / ".removed").symlink_to(tmp_path / "elsewhere")
    assert "no folder" in places.remove(PLACE)
    assert (root / PLACE / "a").exists()
    places.clear()
    assert (tmp_path / "elsewhere").is_dir()


def test_what_a_killed_process_left_is_cleared(root: Path, places: Places) -> None:
    (root / ".removed" / "pets-Train-model-4-ab" / "deep").mkdir(parents=True)
    (root / ".removed" / "pets-Train-model-4-ab" / "deep" / "x").touch()
    places.clear()
    assert list((root / ".removed").iterdir()) == []


def test_read_only_folders_are_removed(root: Path, places: Places) -> None:
    (root / PLACE / "deep").chmod(0o500)
    (root / PLACE).chmod(0o500)
    assert places.remove(PLACE) == ""
    assert not os.path.lexists(root / PLACE)


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("/x/pets/Train/model/5", ("pets/Train/model/5",)),
        ("/x/pets/Train/model/5-ab12/value.json", ("pets/Train/model/5-ab12",)),
        ("s3://b/pets/Train/model/5/", ("pets/Train/model/5",)),
        ("/x/model/v", ()),
        ("", ()),
    ],
)
def test_the_end_of_a_path_tells_its_place(uri: str, found: tuple[str, ...]) -> None:
    assert place_by_tail(uri) == found


def test_places_of_an_object_store_are_its_objects() -> None:
    root = f"memory://places-{uuid.uuid4().hex}"
    write_bytes(f"{root}/pets/Train/model/5-ab/a", b"aaa")
    write_bytes(f"{root}/pets/Train/model/5-ab/deep/b", b"bb")
    write_bytes(f"{root}/pets/Train/model/5-abc/a", b"c")
    write_bytes(f"{root}/pets/.staging/6-ab", b"")
    write_bytes(f"{root}/notes/readme", b"")
    places = open_places(root)
    assert sorted(places.outputs()) == ["pets/Train/model/5-ab", "pets/Train/model/5-abc"]
    assert places.staged() == ["pets/.staging/6-ab"]
    measured = places.measure("pets/Train/model/5-ab")
    assert (measured.size, measured.files) == (5, 2)
    assert measured.newest > 0
    assert places.place_of(f"{root}/pets/Train/model/5-ab/a") == "pets/Train/model/5-ab"
    assert places.place_of(f"{root}x/pets/Train/model/5-ab") == ""
    assert places.remove("pets/Train/model/5-ab") == ""
    assert sorted(name for name, _ in list_infos(root)) == [
        "notes/readme",
        "pets/.staging/6-ab",
        "pets/Train/model/5-abc/a",
    ]
