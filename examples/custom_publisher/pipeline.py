"""A publisher of one's own: it does something more when a result becomes visible.

mlops run examples/custom_publisher
"""

from mlops_pipeline import Artifact, Output, component, pipeline
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.node import Done, publish
from mlops_pipeline.run_state import Outcome


class Table(Artifact):
    """A table, `table.csv`."""


def publish_if_not_empty(done: Done) -> Outcome:
    """Refuse empty tables; a refused result is a failed attempt, and nobody ever sees it."""
    table = done.attempt.folder / "table" / "table.csv"
    if not table.read_text().strip():
        raise ExecutorError("the table is empty", hint="give rows", retryable=False)
    return publish(done)


@component(publisher=publish_if_not_empty)
def MakeTable(rows: list[str], *, table: Output[Table]) -> None:
    """Write a table."""
    table.path.mkdir(parents=True, exist_ok=True)
    (table.path / "table.csv").write_text("".join(f"{row}\n" for row in rows))


@pipeline
def custom_publisher(rows: list[str] = ["adelie,39", "gentoo,47"]) -> None:
    """Publish a table."""
    MakeTable(rows=rows)
