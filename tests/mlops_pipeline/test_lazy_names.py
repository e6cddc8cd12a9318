import subprocess
import sys
from pathlib import Path

import pytest

DOOR = """
from mlops_pipeline.lazy_names import lazy_names
__getattr__ = lazy_names(__name__, {"first": "one two", "second": "three"})
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "lazy_room"
    folder.mkdir()
    (folder / "__init__.py").write_text(DOOR)
    (folder / "first.py").write_text("one, two = 1, 2")
    (folder / "second.py").write_text("three = 3")
    return tmp_path


def said(package: Path, script: str) -> str:
    """What a script prints that runs beside the package."""
    run = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(package)!r})\n{script}"]
    return subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()


def test_a_name_loads_its_own_module_alone(package: Path) -> None:
    script = (
        "from lazy_room import two\n"
        "print(two, *sorted(m for m in sys.modules if m.startswith('lazy_room.')))"
    )
    assert said(package, script) == "2 lazy_room.first"


def test_a_name_that_was_asked_for_is_kept(package: Path) -> None:
    script = "import lazy_room; lazy_room.three; print('three' in vars(lazy_room))"
    assert said(package, script) == "True"


def test_an_unknown_name_is_an_attribute_error(package: Path) -> None:
    script = "import lazy_room; print(hasattr(lazy_room, 'four'), hasattr(lazy_room, 'one'))"
    assert said(package, script) == "False True"
