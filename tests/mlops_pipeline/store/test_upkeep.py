from __future__ import annotations

from contextlib import closing
from pathlib import Path

from mlops_pipeline.store import Run, back_up, open_store


def test_a_backup_names_both_files_and_counts_what_is_in_them(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/metadata.db")) as store:
        store.put_run(Run("r", "p"))
        done = back_up(f"sqlite:///{tmp_path}/metadata.db", tmp_path / "backup.db")
    assert (done.store, done.file) == (tmp_path / "metadata.db", tmp_path / "backup.db")
    # Those of the run and of its pipeline.
    assert done.rows["Context"] == 2
    with closing(open_store(f"sqlite:///{done.file}")) as copy:
        assert [run.id for run in copy.list_runs()] == ["r"]
