import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from code_project import Write

from mlops_pipeline.code import CodeParts, code_parts


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_all(files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))

    return write_all


@pytest.fixture
def edit(tmp_path: Path) -> Callable[[str, str, str], None]:
    def replace(file: str, old: str, new: str) -> None:
        path = tmp_path / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return replace


@pytest.fixture
def parts(tmp_path: Path) -> Callable[..., CodeParts]:
    def of(target: str = "pipeline:Trainer", *files: Path) -> CodeParts:
        return code_parts(target, [str(tmp_path)], files)

    return of
