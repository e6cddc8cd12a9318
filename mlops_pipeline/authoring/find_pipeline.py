"""Finds the pipeline that a user names: a folder, a Python file, a module, or compiled IR.

A mistake in the user's own module is shown with its file and line, without the frames of the
framework or of the import system.
"""

from __future__ import annotations

import builtins
import difflib
import importlib
import keyword
import re
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from mlops_pipeline.authoring.compile import compile_pipeline
from mlops_pipeline.authoring.pipeline_rules import Problem
from mlops_pipeline.authoring.pipelines import Pipeline
from mlops_pipeline.errors import (
    CompileError,
    DefinitionError,
    NotFoundError,
    PipelineError,
    did_you_mean,
)
from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.uris import refuse_too_long, with_home
from mlops_pipeline.user_code import (
    forget_changed,
    importing,
    no_bytecode,
    note_imports,
    put_first,
)

DEFAULT_FILE = "pipeline.py"

# Who looks which modules have changed must not find one that another thread is still importing.
_loading = threading.RLock()


@dataclass(frozen=True)
class Loaded:
    """A pipeline and its origin.

    Args:
        pipeline: what `@pipeline` made, or what was compiled from it earlier.
        base_dir: what relative paths in the pipeline are relative to.
        import_paths: folders that its modules are imported from.
    """

    pipeline: Pipeline | PipelineIR
    base_dir: Path
    import_paths: tuple[str, ...] = ()

    def compile(self, on_warning: Callable[[Problem], None] | None = None) -> PipelineIR:
        """Return the IR of the pipeline.

        Args:
            on_warning: is called with each warning: a probable mistake.
        """
        if isinstance(self.pipeline, PipelineIR):
            return self.pipeline
        with _UserCode(str(self.base_dir)):
            return compile_pipeline(self.pipeline, None, self.base_dir, on_warning)


def load_pipeline(name: str, *, project: Path, import_paths: tuple[str, ...] = ()) -> Loaded:
    """Find and import a pipeline.

    Args:
        name: a folder with a `pipeline.py`, `file.py[:name]`, `module[:name]`, or an IR file.
        project: folder of modules, and base of their relative paths.
        import_paths: further folders to import from.

    Raises:
        PipelineError: it is not there, or the user's code raised.
    """
    target, _, attribute = name.partition(":")
    path = with_home(target).absolute()
    refuse_too_long(path)
    if path.suffix == ".json":
        # Few read compiled pipelines.
        from mlops_pipeline.ir_check import load_file

        return Loaded(load_file(path), path.parent, (str(path.parent), *import_paths))
    if path.is_dir():
        path = path / DEFAULT_FILE
        if not path.is_file():
            raise NotFoundError(
                f"{path.parent} has no {DEFAULT_FILE}",
                hint="name a Python file, or start a project with `mlops init`",
            )
    if path.suffix == ".py" or path.is_file():
        folders = (str(path.parent), *import_paths)
        module = _import_file(path, folders)
        return Loaded(_choose(module, attribute, path), path.parent, folders)
    if not all(part.isidentifier() for part in target.split(".")):
        raise _no_such(target)
    folders = (str(project), *import_paths)
    module = _import(target, folders, missing=_no_such(target))
    return Loaded(_choose(module, attribute, None), project, folders)


def pipeline_of_project(folder: Path, project: Path) -> Path:
    """Find the pipeline to use when none is named: the file `pipeline.py` of the project.

    Args:
        folder: the current folder; its own pipeline comes first, then that of the project.
        project: the project's folder. If it has no `pipeline.py` itself, those in the sub-folders
            of `pipelines/` count, else those in its own sub-folders.

    Raises:
        NotFoundError: there is none, or there are several.
    """
    for pattern in (DEFAULT_FILE, f"pipelines/*/{DEFAULT_FILE}", f"*/{DEFAULT_FILE}"):
        files = [file for each in dict.fromkeys((folder, project)) for file in each.glob(pattern)]
        files = [file for file in files if not file.parent.name.startswith(".")]
        if len(files) == 1 or (files and pattern == DEFAULT_FILE):
            return files[0]
        if files:
            names = [str(file.parent).removeprefix(f"{Path.cwd()}/") for file in sorted(files)]
            raise NotFoundError(
                f"no pipeline is named, and the project {project} has {len(files)}",
                hint=f"name one: {', '.join(names)}",
            )
    raise NotFoundError(
        f"no pipeline is named, and the project {project} has no {DEFAULT_FILE}",
        hint="name a Python file, or start a project with `mlops init`",
    )


def located(pipeline: Pipeline | PipelineIR, import_paths: tuple[str, ...] = ()) -> Loaded:
    """Return a pipeline that is at hand already, with the folder of the file that defines it."""
    base_dir = pipeline.base_dir if isinstance(pipeline, Pipeline) else Path.cwd()
    return Loaded(pipeline, base_dir, (str(base_dir), *import_paths))


def _no_such(target: str) -> NotFoundError:
    path = Path(target)
    near = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    if path.name in near:
        return NotFoundError(
            f"{target} is no pipeline", hint="give a Python file, or compiled IR that ends in .json"
        )
    # By the names without their endings, which all have in common.
    stems = {Path(name).stem: name for name in near if Path(name).suffix == path.suffix}
    nearest = difflib.get_close_matches(path.stem, stems, n=1)
    return NotFoundError(
        f"there is no pipeline at {target!r}",
        hint=f"did you mean {stems[nearest[0]]!r}?"
        if nearest
        else "give a folder with a pipeline.py, a Python file, module:name or an IR file",
    )


def _import_file(path: Path, folders: tuple[str, ...]) -> ModuleType:
    if not path.is_file():
        raise _no_such(str(path))
    if not path.stem.isidentifier() or keyword.iskeyword(path.stem):
        raise DefinitionError(
            f"{path.name} cannot be imported: its name is not a Python identifier",
            hint=f"rename it to {_importable(path.stem)}.py",
        )
    with _loading:
        _forget_others(path.parent)
        return _import(path.stem, folders, missing=_no_such(str(path)))


def _importable(stem: str) -> str:
    name = re.sub(r"\W", "_", stem)
    name = f"_{name}" if name[:1].isdecimal() else name
    return f"{name}_" if keyword.iskeyword(name) else name


def _forget_others(folder: Path) -> None:
    """Drop modules of other pipelines whose names this folder uses too, such as `pipeline`."""
    for each in folder.iterdir():
        module = sys.modules.get(each.stem)
        file = getattr(module, "__file__", None)
        if file and each.suffix in ("", ".py") and Path(file).parent.name != "site-packages":
            ours = Path(file).is_relative_to(folder)
            # One whose folder was moved or removed since is nobody's any more.
            is_gone = not Path(file).exists()
            if not ours and (is_gone or (Path(file).parent / DEFAULT_FILE).is_file()):
                del sys.modules[each.stem]


def _import(name: str, folders: tuple[str, ...], *, missing: NotFoundError) -> ModuleType:
    # They stay, in front: functions import further modules when they run.
    put_first(folders)
    importlib.invalidate_caches()
    below = tuple(f"{folder}/" for folder in folders)
    try:
        with _loading, _UserCode(*folders), no_bytecode(), importing(name):
            forget_changed(below)
            module = importlib.import_module(name)
            note_imports(below)
            return module
    except _MissingModuleError as error:
        if error.name == name.split(".")[0]:
            raise missing from None
        raise


def _choose(module: ModuleType, attribute: str, path: Path | None) -> Pipeline:
    where = str(path) if path else module.__name__
    found = {key: value for key, value in vars(module).items() if isinstance(value, Pipeline)}
    if attribute:
        if attribute not in found:
            raise NotFoundError(
                f"{where} has no pipeline {attribute!r}", hint=did_you_mean(attribute, found)
            )
        return found[attribute]
    if not found:
        raise NotFoundError(
            f"{where} has no pipeline", hint="write a function and decorate it with @pipeline"
        )
    own = {key: value for key, value in found.items() if _defined_in(value, module)} or found
    main = [key for key in own if path and key in (path.parent.name, path.stem)]
    names = main or list(own)
    if len({id(own[key]) for key in names}) > 1:
        raise NotFoundError(
            f"{where} has several pipelines: {', '.join(sorted(own))}",
            hint=f"say which, as in {path or module.__name__}:{min(own)}",
        )
    return own[names[0]]


def _defined_in(pipeline: Pipeline, module: ModuleType) -> bool:
    return getattr(pipeline.function, "__module__", None) == module.__name__


class _MissingModuleError(DefinitionError):
    """The user's code imports a module that is not there."""

    def __init__(self, name: str, where: str) -> None:
        package = name.split(".")[0]
        super().__init__(
            f"there is no module {name!r}",
            hint=f"install {package}, or add the folder it is in to import_paths in mlops.toml",
            where=where,
        )
        self.name = package


def _near_name(error: Exception) -> str:
    """Return `did you mean ...?` for a misspelt name in the user's code; empty otherwise."""
    frames = list(traceback.walk_tb(error.__traceback__))
    if isinstance(error, NameError) and frames:
        frame = frames[-1][0]
        wrong, known = error.name, {*frame.f_locals, *frame.f_globals, *dir(builtins)}
    elif isinstance(error, AttributeError):
        wrong, known = error.name, {*dir(error.obj)}
    elif isinstance(error, ImportError):
        found = re.search("cannot import name '(.+?)'", error.msg)
        wrong, known = found and found[1], {*dir(sys.modules.get(error.name or ""))}
    else:
        return ""
    hint = did_you_mean(wrong, known) if wrong else ""
    return hint if hint.startswith("did") else ""


class _UserCode:
    """Turns what the user's code raises into errors that point into the user's code."""

    def __init__(self, *folders: str) -> None:
        self.folders = folders

    def __enter__(self) -> None:
        """Do nothing: there is nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PipelineError):
            error.where = error.where or self._where(error)
        elif isinstance(error, ModuleNotFoundError) and error.name:
            raise _MissingModuleError(error.name, self._where(error)) from None
        elif isinstance(error, SyntaxError):
            raise CompileError(
                f"{error.msg}: {(error.text or '').strip()}",
                hint="fix the syntax",
                where=f"{error.filename}:{error.lineno}",
            ) from None
        elif isinstance(error, SystemExit):
            raise CompileError(
                f"SystemExit: {error.code}: the module ends the process when it is imported",
                hint='put the call below `if __name__ == "__main__":`',
                where=self._where(error),
            ) from None
        elif isinstance(error, Exception):
            raise CompileError(
                f"{type(error).__name__}: {error}",
                hint=_near_name(error)
                or self._of_a_package(error)
                or "the exception is from your own code; fix it there",
                where=self._where(error),
            ) from error

    def _of_a_package(self, error: Exception) -> str:
        """Return the hint for a file that imports from its own package, but is named by path."""
        if not (isinstance(error, ImportError) and "no known parent package" in error.msg):
            return ""
        file = Path(self._where(error).rpartition(":")[0])
        names = [file.stem]
        for folder in file.parents:
            if not (folder / "__init__.py").is_file() and len(names) > 1:
                break
            names.insert(0, folder.name)
        return (
            f"name it as a part of its package, {'.'.join(names)}, instead of its file, from the "
            "folder that the package is in"
        )

    def _where(self, error: BaseException) -> str:
        """Return the innermost line of the user's code that the error came through."""
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if frame.filename.startswith(self.folders) and "site-packages" not in frame.filename:
                return f"{frame.filename}:{frame.lineno}"
        return ""
