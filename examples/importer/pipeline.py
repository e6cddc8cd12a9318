"""Files that are there already, as an artifact: nothing is copied, and lineage begins here.

mlops run examples/importer
"""

from mlops_pipeline import Artifact, Importer, Input, component, pipeline


class Csv(Artifact):
    """A CSV file."""


@component
def CountRows(table: Input[Csv]) -> int:
    """Rows without the header."""
    return len(table.path.read_text().splitlines()) - 1


@pipeline
def importer() -> None:
    """Count the rows of the file beside this pipeline."""
    table = Importer(uri="table.csv", type=Csv)
    CountRows(table=table.outputs["result"])
