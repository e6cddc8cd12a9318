from __future__ import annotations

import hashlib

import pytest

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.snapshot import SNAPSHOT, Snapshot, read_snapshot
from mlops_pipeline.snapshot.kept import bundle_text, read_bundles
from mlops_pipeline.store import MemoryStore, Run


def test_a_snapshot_comes_back_as_it_was_kept() -> None:
    store = MemoryStore()
    kept = Snapshot(("/p",), {"0/a.py": "f" * 64}, ("b",), {"0/big": "too large"}, "0/uv.lock")
    run = Run("r", "p", properties={SNAPSHOT: store.put_document(kept.text)})
    assert read_snapshot(store, run) == kept
    assert read_snapshot(store, Run("r", "p")) is None


@pytest.mark.parametrize("text", ["[]", "{}", "no json", '{"places": 3}'])
def test_a_snapshot_that_somebody_has_written_over_is_told(text: str) -> None:
    store = MemoryStore()
    run = Run("r", "p", properties={SNAPSHOT: store.put_document(text)})
    with pytest.raises(NotFoundError, match="damaged"):
        read_snapshot(store, run)
    with pytest.raises(NotFoundError, match="gone"):
        read_snapshot(MemoryStore(), run)


def test_bundles_keep_bytes_and_leave_out_what_was_altered() -> None:
    store = MemoryStore()
    files = {hashlib.sha256(data).hexdigest(): data for data in (b"x = 1\r\n", b"\xff\x00", b"")}
    bundles = (store.put_document(bundle_text({**files, "0" * 64: b"altered"})), "gone")
    assert read_bundles(store, Snapshot(bundles=bundles)) == files
