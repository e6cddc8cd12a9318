"""Runs on this machine: order, conditions, loops, failures, retries, partial runs, records."""

from __future__ import annotations

import os
from typing import Any

from local_runs import value, write


def test_a_secret_reaches_the_executor_and_nothing_else(project: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("PASSWORD", "hunter2-very-secret")
    write(
        project,
        """
    @component
    def Login(password: str, model: Output[Model]) -> int:
        print("password", password)
        (model.path / "length").write_text(str(len(password)))
        return len(password)

    @pipeline
    def p():
        Login(password=Secret("PASSWORD"))
    """,
    )
    result = project.run()
    assert value(result, "Login") == "19"
    kept = repr(project.store.all_executions) + repr(vars(project.store))
    kept += "".join(f.read_text() for f in project.folder.rglob("*.log"))
    assert "hunter2" not in kept


def test_workers_are_other_processes_and_in_process_is_this_one(project: Any) -> None:
    write(
        project,
        """
    @component
    def Pid() -> int:
        import os

        return os.getpid()

    @pipeline
    def p():
        Pid()
    """,
    )
    assert value(project.run(force=True), "Pid") != str(os.getpid())
    assert value(project.run(force=True, in_process=True), "Pid") == str(os.getpid())
