"""Lets user modules that were written for TFX import what they use of it, where TFX is absent.

What is offered stands in one table: the names that training, tuning and preprocessing code takes
from `tfx`. Anything else gives an error that says what there is. Only code that runs inside
`tfx_importable(True)` sees these modules, and never where TFX itself is installed.
"""

from __future__ import annotations

import enum
import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from mlops_pipeline import artifacts
from mlops_pipeline.errors import ExecutorError, PipelineError, did_you_mean, file_line

VERSION = "1.16.0"
"""The version of TFX whose names these are."""

__version__ = VERSION


class StatsType(enum.Enum):
    """Statistics that `stats_options_updater_fn` is called for."""

    UNKNOWN = 0
    PRE_TRANSFORM = 1
    POST_TRANSFORM = 2


_HERE = __name__
_COMPONENTS = __name__.partition(".")[0]
_ARGUMENTS = "mlops_components.training.fn_args"
_FILES = "mlops_components.user_modules.tfx_files"

_FILE_IO = {
    name: f"{_FILES}:{name}"
    for name in (
        "NotFoundError", "copy", "exists", "glob", "isdir", "listdir", "makedirs", "mkdir",
        "open", "remove", "rename", "rmtree", "stat", "walk",
    )
}  # fmt: skip
_IO = {
    name: f"{_FILES}:{name}"
    for name in (
        "SchemaReader", "all_files_pattern", "copy_dir", "copy_file", "delete_dir",
        "ensure_local", "get_only_uri_in_dir", "load_csv_column_names", "parse_json_file",
        "parse_pbtxt_file", "read_bytes_file", "read_string_file", "write_bytes_file",
        "write_pbtxt_file", "write_string_file",
    )
}  # fmt: skip
_TYPES = {
    name: f"{artifacts.__name__}:{name}"
    for name, thing in vars(artifacts).items()
    if isinstance(thing, type) and issubclass(thing, artifacts.Artifact) and name[0] != "_"
}
_FN_ARGS = {"FnArgs": f"{_ARGUMENTS}:FnArgs", "DataAccessor": f"{_ARGUMENTS}:DataAccessor"}
_RESULT = {"TunerFnResult": f"{_ARGUMENTS}:TunerFnResult"}
_VERSION = {"__version__": f"{_HERE}:__version__"}

OFFERED: Mapping[str, Mapping[str, str]] = {
    "tfx": _VERSION,
    "tfx.components": {},
    "tfx.components.trainer": {},
    "tfx.components.trainer.executor": {"TrainerFnArgs": f"{_ARGUMENTS}:FnArgs"},
    "tfx.components.trainer.fn_args_utils": _FN_ARGS,
    "tfx.components.transform": {},
    "tfx.components.transform.stats_options_util": {"StatsType": f"{_HERE}:StatsType"},
    "tfx.components.tuner": {},
    "tfx.components.tuner.component": _RESULT,
    "tfx.dsl": {},
    "tfx.dsl.io": {},
    "tfx.dsl.io.fileio": _FILE_IO,
    "tfx.types": {},
    "tfx.types.standard_artifacts": _TYPES,
    "tfx.utils": {},
    "tfx.utils.io_utils": _IO,
    "tfx.v1": _VERSION,
    "tfx.v1.components": {**_FN_ARGS, **_RESULT},
    "tfx.v1.dsl": {},
    "tfx.v1.dsl.io": {},
    "tfx.v1.dsl.io.fileio": _FILE_IO,
    "tfx.v1.types": {},
    "tfx.v1.types.standard_artifacts": _TYPES,
    "tfx.v1.utils": {"parse_pbtxt_file": _IO["parse_pbtxt_file"]},
    "tfx.version": _VERSION,
}
"""The modules, and what each has beside its submodules: `name: module:name`."""


class TfxModuleError(PipelineError, ModuleNotFoundError):
    """A module of TFX that the stand-in for it does not have."""


class TfxNameError(PipelineError, AttributeError):
    """A name of TFX that the stand-in for it does not have."""


@contextmanager
def tfx_importable(asked: bool) -> Iterator[None]:
    """Let `import tfx` find the stand-in, unless TFX is installed.

    Args:
        asked: whether the user has asked for it; if not, nothing changes.

    Raises:
        ExecutorError: `tfx` is imported, there is none, and nobody has asked for the stand-in.
    """
    if not asked:
        with _said_where_to_ask():
            yield
        return
    finder = _Finder()
    # The last one: whatever is installed comes first.
    sys.meta_path.append(finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name, module in sys.modules.copy().items():
            if finder.made(module):
                del sys.modules[name]


@contextmanager
def _said_where_to_ask() -> Iterator[None]:
    try:
        yield
    except (ModuleNotFoundError, ExecutorError) as error:
        # A module that fails while it is imported says so, and because of what.
        missing = error.__cause__ if isinstance(error, ExecutorError) else error
        name = (isinstance(missing, ModuleNotFoundError) and missing.name) or ""
        if name.partition(".")[0] != "tfx":
            raise
        raise ExecutorError(
            f"the user module imports {name}, and TFX is not installed",
            hint="pass tfx_compat=True, if FnArgs and its like are all that it uses of TFX",
            retryable=False,
        ) from error


class _Finder:
    """Finder of the modules of the stand-in, while it is on `sys.meta_path`."""

    def made(self, module: Any) -> bool:
        return getattr(getattr(module, "__spec__", None), "loader", None) is self

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        top = name.partition(".")[0]
        if top != "tfx" or (name != top and not self.made(sys.modules.get(top))):
            return None
        if name not in OFFERED:
            raise _unknown_module(name)
        return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name, f"Stands in for {spec.name} of TFX {VERSION}.")

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: names are looked up when they are used."""


class _StandIn(ModuleType):
    """A module of the stand-in; a submodule is there without being imported by name, as in TFX."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in OFFERED[self.__name__]:
            raise AttributeError(name)
        found = OFFERED[self.__name__].get(name)
        if found:
            module, _, attribute = found.partition(":")
            return getattr(importlib.import_module(module), attribute)
        if f"{self.__name__}.{name}" in OFFERED:
            return importlib.import_module(f"{self.__name__}.{name}")
        raise _unknown_name(self.__name__, name)

    def __dir__(self) -> list[str]:
        return _names_in(self.__name__)


def _names_in(module: str) -> list[str]:
    below = [name.rpartition(".") for name in OFFERED]
    return sorted([*OFFERED[module], *(name for above, _, name in below if above == module)])


def _unknown_name(module: str, name: str) -> TfxNameError:
    return TfxNameError(
        f"{module}.{name} is not in the stand-in for TFX", hint=_hint(module, name), where=_user()
    )


def _unknown_module(name: str) -> TfxModuleError:
    above, _, last = name.rpartition(".")
    error = TfxModuleError(
        f"{name} is not in the stand-in for TFX", hint=_hint(above, last), where=_user()
    )
    # Not `name`: Python would take the module for one that may be missing, and say less.
    error.name = "tfx"
    return error


def _hint(module: str, name: str) -> str:
    if name in dir(sys.modules[_COMPONENTS]):
        return f"components are imported from mlops_components: {name}"
    known = _names_in(module) if module in OFFERED else sorted(OFFERED)
    near = did_you_mean(name, known)
    if near.startswith("did"):
        return near
    return f"{module or 'tfx'} offers {', '.join(known)}; run it where TFX itself is installed"


def _user() -> str:
    """Return `file:line` of the code that asks for what there is not."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith((__file__, "<frozen ")):
        frame = frame.f_back
    return file_line(frame.f_code.co_filename, frame.f_lineno)
