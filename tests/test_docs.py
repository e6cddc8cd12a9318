"""The documents keep up with the code: every command, setting, error and component is named."""

import ast
import re
from pathlib import Path

import mlops_components
import mlops_pipeline
from mlops_pipeline import errors
from mlops_pipeline.authoring import Component
from mlops_pipeline.cli.app import COMMANDS
from mlops_pipeline.settings import Settings
from mlops_pipeline.store import records

ROOT = Path(__file__).resolve().parent.parent
IGNORED = {".venvs", ".git", "node_modules"}


def documents() -> str:
    return "\n".join(path.read_text() for path in sorted((ROOT / "docs").glob("*.md")))


def test_links_lead_somewhere() -> None:
    folders = [path for path in ROOT.iterdir() if path.is_dir() and path.name not in IGNORED]
    files = [*ROOT.glob("*.md"), *(file for folder in folders for file in folder.rglob("*.md"))]
    broken = []
    for file in files:
        for target in re.findall(r"\]\(([^)\s]+)\)", file.read_text()):
            name = target.split("#")[0]
            if "://" not in target and name and not file.parent.joinpath(name).exists():
                broken.append(f"{file.relative_to(ROOT)}: {target}")
    assert broken == []


def test_commands_are_named() -> None:
    text = documents()
    assert [name for name in COMMANDS if f"`mlops {name}" not in text] == []


def test_settings_are_named() -> None:
    text = documents()
    assert [name for name in Settings.__struct_fields__ if f"| `{name}` |" not in text] == []


def test_errors_of_the_user_are_named() -> None:
    found = {
        name
        for module in (errors, records)
        for name, thing in vars(module).items()
        if isinstance(thing, type) and issubclass(thing, errors.PipelineError)
    }
    text = documents()
    assert [name for name in sorted(found) if f"`{name}`" not in text] == []


def test_what_authors_import_is_named() -> None:
    face = ast.parse(Path(mlops_pipeline.__file__).read_text())
    imports = [node for node in ast.walk(face) if isinstance(node, ast.ImportFrom)]
    public = [name.asname for node in imports for name in node.names if name.asname and node.module]
    text = documents()
    assert public
    assert [name for name in public if not re.search(rf"\b{name}\b", text)] == []


def test_what_the_documents_import_is_there() -> None:
    lines = re.findall(r"from (mlops_pipeline) import (.+)", documents())
    names = {name.strip() for _, line in lines for name in line.split(",")}
    assert names
    assert [name for name in sorted(names) if not hasattr(mlops_pipeline, name)] == []


def test_the_catalogue_names_every_component() -> None:
    public = {name: getattr(mlops_components, name) for name in dir(mlops_components)}
    names = [name for name, thing in public.items() if isinstance(thing, Component)]
    catalogue = (ROOT / "components" / "README.md").read_text()
    assert names
    assert [name for name in names if name not in catalogue] == []


def test_the_architecture_names_every_room_and_module_of_the_ground_floor() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    files = [
        *(ROOT / "mlops_pipeline").glob("*.py"),
        *(ROOT / "mlops_pipeline").glob("*/__init__.py"),
    ]
    names = {file.parent.name if file.name == "__init__.py" else file.stem for file in files}
    names -= {"mlops_pipeline"}
    assert sorted(name for name in names if f"`{name}`" not in text) == []
