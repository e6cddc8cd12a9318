"""What executors leave in their outputs, and what is published of it."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.store import ArtifactState, Execution, MemoryStore, State

HEAD = """
import os
from mlops_pipeline import Examples, Input, Output, component, pipeline
from mlops_pipeline.executors.context import current_task


@component
def Make(examples: Output[Examples], other: Output[Examples]) -> None:
    (other.path / "text").write_text("a")
    (examples.path / "real").write_text("a")
"""
TAIL = """

@component
def Read(examples: Input[Examples]) -> str:
    return (examples.path / "text").read_text()


@pipeline
def p():
    Read(examples=Make().outputs["examples"])
"""


def run(project: Any, body: str) -> list[str]:
    """What became of the nodes; of a failed one, why."""
    text = HEAD + textwrap.indent(textwrap.dedent(body).strip(), "    ") + "\n" + TAIL
    project.folder.joinpath("pipeline.py").write_text(text)
    result = project.run(in_process=True)
    return [o.execution.error or str(o.state) for o in result.outcomes]


@pytest.mark.parametrize("target", ["real", "/etc/hostname"])
def test_links_that_lead_there_from_everywhere_are_published(project: Any, target: str) -> None:
    body = f"(examples.path / 'text').symlink_to({target!r})"
    assert run(project, body) == ["COMPLETE", "COMPLETE"]


@pytest.mark.parametrize(
    "body",
    [
        "(examples.path / 'text').symlink_to(examples.path / 'real')",
        "(examples.path / 'text').symlink_to('../other/text')",
        """
        scratch = current_task().scratch
        (scratch / "text").write_text("a")
        (examples.path / "real").unlink()
        examples.path.rmdir()
        examples.path.symlink_to(scratch)
        """,
    ],
)
def test_links_that_lead_nowhere_once_they_are_moved_are_refused(project: Any, body: str) -> None:
    (error,) = run(project, body)
    assert "output examples of Make holds a link to where it was written" in error


def test_a_pipe_in_an_output_is_refused_instead_of_waited_for(project: Any) -> None:
    (error,) = run(project, "os.mkfifo(examples.path / 'pipe')")
    assert "pipe is neither a file nor a folder" in error


@pytest.mark.parametrize("end", ["", "raise ValueError('after all')"])
def test_read_only_folders_are_published_and_cleaned_up(project: Any, end: str) -> None:
    body = f"""
    (examples.path / "below").mkdir()
    (examples.path / "below" / "file").write_text("a")
    (examples.path / "text").write_text("a")
    (examples.path / "below").chmod(0o555)
    examples.path.chmod(0o555)
    {end}
    """
    states = run(project, body)
    assert states == (["ValueError: after all"] if end else ["COMPLETE", "COMPLETE"])
    assert list((Path(project.workspace.root) / "p" / ".staging").iterdir()) == []


class Looking(MemoryStore):
    """Notes what lies in a folder when a failure is recorded."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.seen: list[list[str]] = []

    def put_execution(self, execution: Execution, **events: Any) -> Any:
        if execution.state is State.FAILED:
            self.seen.append(sorted(path.name for path in self.folder.rglob("real")))
        return super().put_execution(execution, **events)


def test_what_a_failed_node_wrote_is_gone_when_its_failure_is_recorded(project: Any) -> None:
    project.store = Looking(project.folder)
    full = "raise OSError(28, os.strerror(28))"
    assert run(project, full) == ["OSError: [Errno 28] No space left on device"]
    assert project.store.seen == [[]]


def test_what_is_away_with_its_disk_is_made_anew_but_not_given_up(project: Any) -> None:
    body = "(examples.path / 'text').write_text('a')"
    run(project, body)
    away = Path(project.workspace.root).rename(project.folder / "away")
    assert run(project, body) == ["COMPLETE", "COMPLETE"]
    artifacts = project.store.artifacts_by_type("Examples")
    assert {each.state for each in artifacts} == {ArtifactState.LIVE}
    assert away.is_dir()


def test_what_is_deleted_is_known_to_be(project: Any) -> None:
    body = "(examples.path / 'text').write_text('a')"
    run(project, body)
    for made in project.store.artifacts_by_type("Examples"):
        shutil.rmtree(made.uri)
    run(project, body)
    artifacts = project.store.artifacts_by_type("Examples")
    states = [each.state for each in sorted(artifacts, key=lambda each: each.id)]
    assert states == [ArtifactState.DELETED] * 2 + [ArtifactState.LIVE] * 2
