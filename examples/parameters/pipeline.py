"""Typed parameters: enums, dataclasses, paths, texts made of run-time values.

mlops run examples/parameters -p animal=adelie
"""

import enum
from dataclasses import dataclass
from pathlib import Path

from mlops_pipeline import component, pipeline, run_info


class Animal(enum.Enum):
    """A choice; the values are what is written on the command line."""

    ADELIE = "adelie"
    GENTOO = "gentoo"


@dataclass
class Style:
    """Several settings as one parameter."""

    greeting: str = "hello"
    marks: int = 1


@component
def Greet(animal: Animal, names: Path, title: str, style: Style = Style()) -> list[str]:
    """A `Path` counts by what is in the file: change it, and this runs again."""
    marks = "!" * style.marks
    return [f"{title}: {style.greeting}, {animal.value} {name}{marks}" for name in read(names)]


def read(names: Path) -> list[str]:
    """The lines of a file. A helper like this is part of the cache key as well."""
    return names.read_text().split()


@pipeline
def parameters(animal: Animal = Animal.GENTOO, names: Path = Path("names.txt")) -> None:
    """Greet everybody in a file, which is found beside the pipeline."""
    Greet(animal=animal, names=names, title=f"run of {run_info.pipeline}", style=Style(marks=2))
