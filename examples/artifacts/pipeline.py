"""Files as artifacts: a type of one's own, with a property, written by one node, read by the next.

mlops run examples/artifacts
"""

from collections.abc import Mapping
from typing import ClassVar

from mlops_pipeline import Artifact, Input, Output, component, pipeline


class Text(Artifact):
    """A text file, `text.txt`, that knows its number of words."""

    PROPERTIES: ClassVar[Mapping[str, type]] = {"words": int}


@component
def Write(sentence: str, *, text: Output[Text]) -> None:
    """Write a sentence to a file."""
    text.path.mkdir(parents=True, exist_ok=True)
    (text.path / "text.txt").write_text(sentence)
    text.properties["words"] = len(sentence.split())


@component
def Shout(text: Input[Text]) -> str:
    """What the file says, in capitals."""
    return (text.path / "text.txt").read_text().upper()


@pipeline
def artifacts(sentence: str = "penguins of the Palmer archipelago") -> None:
    """Write a text and read it again."""
    written = Write(sentence=sentence)
    Shout(text=written.outputs["text"])
