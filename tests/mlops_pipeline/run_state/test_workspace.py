"""Artifact roots that need no server: a folder of this machine, and fsspec's own memory."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.register_assert_rewrite("root_contract")

from root_contract import Site, states  # noqa: E402

from mlops_pipeline.roots.object_store import remove  # noqa: E402
from mlops_pipeline.store import MemoryStore  # noqa: E402


def test_a_root_of_its_own_beside_one_that_is_away(tmp_path: Path) -> None:
    store = MemoryStore()
    elsewhere = Site("memory://other/x", tmp_path / "a", store)
    elsewhere.run("r1")
    here = Site(str(tmp_path / "root"), tmp_path / "b", store)
    # What is kept in another root is as good: inputs are brought here from there.
    assert states(here.run("r2")) == ["CACHED"] * 4
    third = here.run("r3", mode="modes")
    assert [str(o.state) for o in third.outcomes] == ["CACHED", *["COMPLETE"] * 3]
    assert here.output(third, "Train", "model").uri.startswith(str(tmp_path))
    remove("memory://other")
    assert states(here.run("r4")) == ["COMPLETE"] * 4
