"""Files behind the paths inside parameters: their bytes count, however deep the path lies."""

from __future__ import annotations

from typing import Any

import pytest

PIPELINE = """
    from pathlib import Path

    import msgspec
    from mlops_pipeline import component, pipeline


    class Csv(msgspec.Struct, tag="csv"):
        file: Path


    class Table(msgspec.Struct, tag="table"):
        name: str


    @component
    def Read(source: {kind}) -> str:
        return repr(source)


    @pipeline
    def p({parameter}):
        Read(source={given})
"""

PAIR = "tuple[Path, int]"
UNION = "Csv | Table | None"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (PAIR, '(Path("data.csv"), 3)'),
        (f"dict[str, list[{PAIR}]]", '{"a": [(Path("data.csv"), 3)]}'),
        (UNION, 'Csv(file=Path("data.csv"))'),
    ],
)
@pytest.mark.parametrize("by_run", [False, True])
def test_a_changed_file_behind_a_path_runs_the_node(
    project: Any, kind: str, value: str, by_run: bool
) -> None:
    parameter = f"source: {kind} = {value}" if by_run else ""
    given = "source" if by_run else value
    project.write("pipeline.py", PIPELINE.format(kind=kind, parameter=parameter, given=given))
    project.write("data.csv", "1,2")
    states = [project.states(in_process=True)["Read"] for _ in range(2)]
    project.write("data.csv", "1,3")
    states.append(project.states(in_process=True)["Read"])
    assert states == ["COMPLETE", "CACHED", "COMPLETE"]


def test_an_empty_folder_counts_for_what_lists_it(project: Any) -> None:
    project.write(
        "pipeline.py",
        """
        from pathlib import Path
        from mlops_pipeline import component, pipeline

        @component
        def Classes(images: Path) -> list[str]:
            return sorted(each.name for each in images.iterdir())

        @pipeline
        def p():
            Classes(images=Path("images"))
        """,
    )
    project.write("images/cat/1.png", "1")
    states = [project.states(in_process=True)["Classes"] for _ in range(2)]
    (project.folder / "images" / "dog").mkdir()
    states += [project.states(in_process=True)["Classes"] for _ in range(2)]
    assert states == ["COMPLETE", "CACHED", "COMPLETE", "CACHED"]
