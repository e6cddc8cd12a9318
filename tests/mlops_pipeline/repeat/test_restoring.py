from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.repeat import restore_code
from mlops_pipeline.snapshot import SNAPSHOT, Snapshot
from mlops_pipeline.snapshot.kept import bundle_text
from mlops_pipeline.store import MemoryStore, Run


def recorded(store: MemoryStore, places: tuple[str, ...], files: dict[str, bytes]) -> Run:
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    texts = {digests[name]: data for name, data in files.items()}
    bundles = (store.put_document(bundle_text(texts)),)
    snapshot = Snapshot(places, digests, bundles)
    return Run("r", "p", properties={SNAPSHOT: store.put_document(snapshot.text)})


@pytest.mark.parametrize("name", ["0/../../x.py", "0//etc/x.py", "9/x.py", "x.py", "0/", "0/a\0b"])
def test_a_name_that_leads_out_of_the_work_tree_is_told_and_not_written(
    tmp_path: Path, name: str
) -> None:
    store = MemoryStore()
    run = recorded(store, ("/gone",), {name: b"1", "0/a.py": b"2"})
    tree = restore_code(store, run, tmp_path / "tree", trust=True)
    assert tree.missing == (f"{name!r}: its name leads out of the work tree",)
    assert [p.name for p in (tmp_path / "tree").rglob("*")] == ["a.py"]


@pytest.mark.parametrize(
    ("places", "where"),
    [
        (("/gone/p", "/gone/lib"), ["lib/b.py", "p/a.py"]),
        (("/gone/p", "/gone"), ["b.py", "p/a.py"]),
        (("/one", "/two/x"), ["one/a.py", "two/x/b.py"]),
        (("/gone/../../../etc", "/gone"), ["etc/a.py", "gone/b.py"]),
        (("../..", "relative"), None),
    ],
)
def test_places_lie_to_each_other_as_they_did(
    tmp_path: Path, places: tuple[str, ...], where: list[str] | None
) -> None:
    store = MemoryStore()
    run = recorded(store, places, {"0/a.py": b"1", "1/b.py": b"2"})
    tree = restore_code(store, run, tmp_path / "tree", trust=True)
    found = [str(p.relative_to(tree.folder)) for p in tmp_path.rglob("*.py")]
    assert sorted(found) == (where or sorted(found))
    assert len(found) == 2
    assert all(p.is_relative_to(tree.folder) for p in tmp_path.rglob("*.py"))


def test_data_is_linked_and_code_that_came_later_is_not(tmp_path: Path) -> None:
    place = tmp_path / "p"
    for name in ("data/x.csv", "new.py", "package/m.py", ".env", "big.json", "sub/late.txt"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text("")
    store = MemoryStore()
    run = recorded(store, (str(place),), {"0/a.py": b"1", "0/sub/b.py": b"2"})
    tree = restore_code(store, run, tmp_path / "tree", trust=True)
    found = {str(p.relative_to(tree.folder)) for p in tree.folder.rglob("*")}
    assert found == {"a.py", "sub", "sub/b.py", "sub/late.txt", "data", "big.json"}
    assert (tree.folder / "data").is_symlink()


def test_what_the_store_has_lost_is_told(tmp_path: Path) -> None:
    store = MemoryStore()
    snapshot = Snapshot(("/gone",), {"0/a.py": "f" * 64}, ("0" * 64,), {"0/b.pem": "a secret"})
    run = Run("r", "p", properties={SNAPSHOT: store.put_document(snapshot.text)})
    tree = restore_code(store, run, tmp_path / "tree", trust=True)
    assert tree.missing == ("0/a.py: the store has lost it", "0/b.pem: a secret")


def test_a_run_of_another_program_cannot_be_repeated(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="names no folder of its code"):
        restore_code(MemoryStore(), Run("r", "p"), tmp_path / "tree", trust=True)
