"""What the tests of mlops_pipeline/cache share."""

from __future__ import annotations

PIPELINE = '''
    from pathlib import Path

    from cleaning import clean
    from mlops_pipeline import Input, Output, component, pipeline
    from mlops_pipeline.artifacts import Examples, Model, ModelEvaluation


    @component
    def Read(data: Path, examples: Output[Examples]) -> None:
        """Read the rows."""
        rows = [line for file in sorted(data.iterdir()) for line in file.read_text().split()]
        (examples.path / "rows.txt").write_text("\\n".join(rows))


    @component
    def Train(examples: Input[Examples], model: Output[Model], steps: int = 3) -> None:
        rows = clean((examples.path / "rows.txt").read_text())
        (model.path / "model.txt").write_text(f"{len(rows)} rows, {steps} steps")


    @component
    def Score(model: Input[Model], score: Output[ModelEvaluation]) -> None:
        (score.path / "score.txt").write_text(str(len((model.path / "model.txt").read_text())))


    @pipeline
    def truth(steps: int = 3) -> None:
        read = Read(data=Path("data"))
        train = Train(examples=read.outputs["examples"], steps=steps)
        Score(model=train.outputs["model"])
'''


CLEANING = '''
    from rules import keep


    def clean(text):
        """Rows worth keeping."""
        return [row for row in text.split() if keep(row)]
'''


RULES = """
    SHORTEST = 1


    def keep(row):
        return len(row) >= SHORTEST
"""


ALL_CACHED = {"Read": "CACHED", "Train": "CACHED", "Score": "CACHED"}
