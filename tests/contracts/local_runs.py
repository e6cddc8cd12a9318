"""What the tests of mlops_pipeline/runners share."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

HEAD = """
    from mlops_pipeline import (
        Cache, ExitHandler, ForEach, Importer, Input, Output, Resolver, Secret, When,
        component, latest, pipeline, run_info,
    )
    from mlops_pipeline.artifacts import Examples, Model, Integer


    @component
    def Make(examples: Output[Examples], text: str = "a") -> int:
        (examples.path / "text").write_text(text)
        return len(text)


    @component
    def Join(texts: list[Input[Examples]], model: Output[Model]) -> str:
        joined = "+".join((each.path / "text").read_text() for each in texts)
        (model.path / "text").write_text(joined)
        return joined


    @component
    def Copy(examples: Input[Examples], copy: Output[Examples]) -> None:
        (copy.path / "text").write_text((examples.path / "text").read_text())


    @component
    def Flaky(marks: str, succeed_at: int) -> int:
        from pathlib import Path

        tries = len(list(Path(marks).iterdir())) + 1
        (Path(marks) / str(tries)).touch()
        if tries < succeed_at:
            raise RuntimeError(f"try {tries} failed")
        return tries


    @component
    def Gate(examples: Input[Examples], gate: str) -> int:
        from pathlib import Path

        if not Path(gate).exists():
            raise RuntimeError("closed")
        return 1


    @component
    def Note(place: str, text: str) -> None:
        from pathlib import Path

        with Path(place).open("a") as file:
            file.write(text + "\\n")
"""


def write(project: Any, body: str) -> Any:
    project.write("pipeline.py", HEAD)
    text = project.folder.joinpath("pipeline.py").read_text()
    lines = textwrap.dedent(body).splitlines()
    project.folder.joinpath("pipeline.py").write_text(text + "\n\n" + "\n".join(lines) + "\n")
    return project


def states(result: Any) -> dict[str, str]:
    return {".".join([o.node_id, *map(str, o.iteration)]): str(o.state) for o in result.outcomes}


def value(result: Any, node_id: str, iteration: tuple[int, ...] = ()) -> str:
    found = next(o for o in result.outcomes if (o.node_id, o.iteration) == (node_id, iteration))
    return Path(found.outputs["output"][0].uri).read_text()
