from __future__ import annotations

from pathlib import Path

from cli_project import Mlops


def test_a_backup_is_a_store_of_its_own(mlops: Mlops, tmp_path: Path) -> None:
    mlops("run", ".", "--store", "metadata.db")
    done = mlops("metadata", "backup", "backup.db", "--store", "metadata.db")
    assert done.code == 0
    assert f"to {tmp_path / 'backup.db'}: 4 executions, 5 artifacts, " in done.out
    runs = mlops("runs", "--json", "--store", "metadata.db").data
    assert mlops("runs", "--json", "--store", "backup.db").data == runs
    again = mlops("metadata", "backup", "backup.db", "--store", "metadata.db")
    assert again.code == 2
    assert "is there already" in again.err
    flags = ("--replace", "--json", "--store", "metadata.db")
    data = mlops("metadata", "backup", "backup.db", *flags).data
    assert data["size"] == (tmp_path / "backup.db").stat().st_size
    assert data["rows"]["Execution"] == 4


def test_without_a_store_in_a_file_there_is_no_backup(mlops: Mlops, tmp_path: Path) -> None:
    done = mlops("metadata", "backup", "backup.db", "--store", "none.db")
    assert done.code == 2
    assert "nothing is recorded yet" in done.err
    done = mlops("metadata", "backup", "backup.db")
    assert done.code == 2
    assert "is not a file" in done.err
    assert not (tmp_path / "backup.db").exists()
