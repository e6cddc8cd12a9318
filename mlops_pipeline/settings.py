"""Settings: where the store and the artifacts are, and how runs behave.

A value comes from a flag, else from the environment (`MLOPS_STORE`), else from `mlops.toml`, else
it is the default. The project is the nearest folder upward that has an `mlops.toml` or a
`pyproject.toml`; without one it is the current folder. Relative paths in `mlops.toml` start at the
project, all others at the current folder.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints
from urllib.parse import unquote

import msgspec
from msgspec import Meta, Struct, field

from mlops_pipeline.errors import SettingsError, did_you_mean
from mlops_pipeline.uris import with_home

FILE = "mlops.toml"
MARKERS = (FILE, "pyproject.toml")
PREFIX = "MLOPS_"
OTHER_VARIABLES = (
    "MLOPS_PARAMETERS",
    "MLOPS_KEY_FILE",
    "MLOPS_AIRFLOW_TOKEN",
    "MLOPS_AIRFLOW_URL",
    "MLOPS_KUBEFLOW_TOKEN",
    "MLOPS_METADATA_TOKEN",
    "MLOPS_METADATA_PASSWORD",
)
"""Variables with our prefix that are not settings."""

Verify = Literal["stamp", "sampled", "always"]
"""Modes of checking stored files: see the setting `cache.verify`."""

Kept = Literal["blessed", "pushed", "tagged", "none"]
"""Kinds of artifacts that are kept by retention: see the setting `gc.keep`."""

LONGEST_LEASE = 1e8
"""Seconds that a lease may have at most: three years."""

SCRATCH_LIMIT = 20.0
"""Gigabytes of local copies that are kept, where the settings say nothing."""


class Settings(Struct, frozen=True, omit_defaults=False):
    """All settings, with absolute paths."""

    store: Annotated[str, Meta(description="URL or file of the metadata store")] = ""
    root: Annotated[str, Meta(description="folder or URL that artifacts are kept in")] = ""
    workers: Annotated[int, Meta(ge=0, description="worker processes; 0 stands for one a core")] = 0
    lease: Annotated[
        float,
        Meta(
            gt=0,
            le=LONGEST_LEASE,
            description="seconds without a sign of life until a node elsewhere counts as dead",
        ),
    ] = 60.0
    lock: Annotated[str, Meta(description="lock file whose content is part of every cache key")] = (
        ""
    )
    scratch: Annotated[
        str, Meta(description="folder for local copies of artifacts that are kept elsewhere")
    ] = ""
    scratch_limit: Annotated[
        float, Meta(gt=0, le=1e9, description="gigabytes of such copies to keep")
    ] = SCRATCH_LIMIT
    cache_verify: Annotated[
        Verify,
        Meta(
            description="files that are read to check a result: `stamp` (those that have changed), "
            "`sampled` (and some others) or `always` (all)"
        ),
    ] = "stamp"
    import_paths: Annotated[
        tuple[str, ...], Meta(description="folders in which user modules are looked for")
    ] = ()
    gc_keep_last: Annotated[
        int, Meta(ge=0, description="newest runs of each pipeline whose artifacts are kept")
    ] = 10
    gc_younger: Annotated[
        str, Meta(description="age up to which unused artifacts are kept, as in 12h or 30d")
    ] = "7d"
    gc_keep: Annotated[
        tuple[Kept, ...],
        Meta(description="kinds of artifacts that are kept: `blessed`, `pushed`, `tagged`, `none`"),
    ] = ("blessed", "pushed", "tagged")
    gc_upstream: Annotated[
        tuple[str, ...],
        Meta(description="types of what these were made of that are kept; `*` for all, or `none`"),
    ] = ("*",)
    kubeflow_url: Annotated[str, Meta(description="address of Kubeflow Pipelines")] = ""
    kubeflow_namespace: Annotated[
        str, Meta(description="namespace in Kubeflow, where users share it")
    ] = ""
    kubeflow_token_file: Annotated[
        str, Meta(description="file with the token that Kubeflow is given")
    ] = ""
    kubeflow_ca_file: Annotated[
        str, Meta(description="certificates that Kubeflow's own is checked with")
    ] = ""
    ui_url: Annotated[
        str, Meta(description="address at which people open `mlops ui`, for links that lead there")
    ] = ""
    openlineage_url: Annotated[
        str,
        Meta(description="address that OpenLineage events go to, or a file with the client's own"),
    ] = ""
    openlineage_token_file: Annotated[
        str, Meta(description="file with the token that this address is given")
    ] = ""
    openlineage_spool: Annotated[
        str, Meta(description="folder that events wait in; beside the store where there is a URL")
    ] = ""
    openlineage_limit: Annotated[
        float, Meta(gt=0, le=1e6, description="megabytes of events that may wait")
    ] = 64.0
    openlineage_namespace: Annotated[
        str, Meta(min_length=1, max_length=500, description="namespace of jobs and datasets")
    ] = "mlops"


class Resolved(Struct, frozen=True):
    """The settings of a project, and where each came from.

    Args:
        origins: by setting: `default`, the path of the file, a variable or a flag.
        warnings: what is probably not meant as it is.
    """

    project: Path
    values: Settings
    origins: Mapping[str, str]
    warnings: tuple[str, ...] = ()


class Sources(Struct, frozen=True):
    """Sources of settings.

    Args:
        start: where to look for the project from; where relative flags start is the current
            folder.
        flags: values by setting; those that are None were not given.
    """

    start: Path = field(default_factory=Path.cwd)
    flags: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)


def resolve(sources: Sources) -> Resolved:
    """Resolve the settings of a project.

    Raises:
        SettingsError: a setting is unknown or has a wrong value, or the file cannot be read.
    """
    project = find_project(sources.start)
    values: dict[str, Any] = {}
    origins = dict.fromkeys(_names(), "default")
    layers = (_from_file(project), _from_environment(sources), _from_flags(sources))
    for name, value, origin, base in (item for layer in layers for item in layer):
        values[name] = _absolute(name, _typed(name, value, origin), base)
        origins[name] = origin
    defaults = {
        "store": _sqlite_url(project / ".mlops" / "metadata.db"),
        "root": str(project / ".mlops" / "artifacts"),
    }
    if values.get("openlineage_url"):
        defaults["openlineage_spool"] = _beside(values.get("store", defaults["store"]), project)
    settings = Settings(**{**defaults, **values})
    return Resolved(project, settings, origins, tuple(_misspelt_variables(sources.environment)))


def find_project(start: Path) -> Path:
    """Return the nearest folder from `start` upward with a project file, or the current one."""
    start = start.absolute()
    for folder in (start, *start.parents):
        if any((folder / marker).is_file() for marker in MARKERS):
            return folder
    return Path.cwd()


def describe_setting(name: str) -> str:
    """Return the description of a setting, in one line."""
    return _meta(name).description or ""


_Item = tuple[str, Any, str, Path]


def _from_file(project: Path) -> Iterator[_Item]:
    path = project / FILE
    if not path.is_file():
        return
    for written, value in _without_tables(read_toml(path)):
        name = written.replace(".", "_")
        if name not in _names():
            raise SettingsError(
                f"{path} has an unknown setting {written!r}", hint=did_you_mean(name, _names())
            )
        yield name, value, str(path), project


def _without_tables(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield settings by their dotted names: `cache.verify` is `verify` of the table `cache`."""
    for name, value in values.items():
        if isinstance(value, dict) and value and name not in _names():
            yield from ((f"{name}.{key}", each) for key, each in value.items())
        else:
            yield name, value


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        SettingsError: it cannot be read, or is no TOML.
    """
    toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        values: dict[str, Any] = toml.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise SettingsError(
            f"{path} is not valid TOML: {error}", hint='texts need quotes, as in root = "data"'
        ) from None
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from None
    return values


def _from_environment(sources: Sources) -> Iterator[_Item]:
    for name in _names():
        variable = PREFIX + name.upper()
        text = sources.environment.get(variable, "")
        if text:
            mark = _SEPARATORS.get(name)
            yield name, text.split(mark) if mark else text, variable, Path.cwd()


_SEPARATORS = {"import_paths": os.pathsep, "gc_keep": ",", "gc_upstream": ","}
"""Separators of the items of a setting in the environment."""


def _from_flags(sources: Sources) -> Iterator[_Item]:
    for name, value in sources.flags.items():
        if value is not None and value != ():
            yield name, value, f"--{name.replace('_', '-')}", Path.cwd()


def _misspelt_variables(environment: Mapping[str, str]) -> Iterator[str]:
    known = {PREFIX + name.upper() for name in _names()}
    for variable in sorted(environment):
        if variable.startswith(PREFIX) and variable not in {*known, *OTHER_VARIABLES}:
            # Others may use our prefix: only what is one slip away is meant for us.
            near = difflib.get_close_matches(variable, known, n=1, cutoff=0.8)
            if near:
                yield f"{variable} is not a setting; did you mean {near[0]!r}?"


def _typed(name: str, value: Any, origin: str) -> Any:
    hint = get_type_hints(Settings, include_extras=True)[name]
    # The environment has only texts; a file says what it means.
    strict = origin.endswith(FILE)
    text = "".join(map(str, value)) if isinstance(value, list) else str(value)
    if any(each == "\0" or "\ud800" <= each <= "\udfff" for each in text):
        raise SettingsError(
            f"setting {name!r} from {origin} has a NUL character in it, or is no UTF-8"
        )
    try:
        return msgspec.convert(value, hint, strict=strict)
    except msgspec.ValidationError as error:
        wanted = str(error).split(", got")[0].split(" - at")[0].lower().replace("`", "")
        raise SettingsError(
            f"setting {name!r} from {origin} is {value!r}: {wanted}",
            hint=f"it is the {describe_setting(name)}",
        ) from None


_FILES = (
    "lock",
    "scratch",
    "kubeflow_token_file",
    "kubeflow_ca_file",
    "openlineage_spool",
    "openlineage_token_file",
)


def _absolute(name: str, value: Any, base: Path) -> Any:
    if name == "store":
        return absolute_store(value, base)
    if name == "import_paths":
        return tuple(str(base / with_home(path)) for path in value)
    if name in _FILES or (name in ("root", "openlineage_url") and value and "://" not in value):
        return str(base / with_home(value))
    return value


def absolute_store(store: str, base: Path) -> str:
    """Return the URL of a store; paths of SQLite files, plain or not, become absolute."""
    scheme, separator, rest = store.partition("://")
    if separator and scheme != "sqlite":
        return store
    path, mark, query = (rest.removeprefix("/") if separator else store).partition("?mode=")
    path = unquote(path) if separator else path
    return f"{_sqlite_url(base / with_home(path))}{mark}{query}"


def _beside(store: str, project: Path) -> str:
    """Return the folder of events that wait: beside a store in a file, else in the project."""
    scheme, _, rest = store.partition(":///")
    file = Path(unquote(rest.partition("?")[0])) if scheme == "sqlite" else project / ".mlops" / "-"
    return str(file.parent / "openlineage")


def _sqlite_url(path: Path) -> str:
    """Return the URL of a file; only characters with a meaning in URLs are quoted."""
    return f"sqlite:///{path}".replace("%", "%25").replace("?", "%3F")


def _names() -> tuple[str, ...]:
    return Settings.__struct_fields__


def _meta(name: str) -> Meta:
    found: Meta = get_args(get_type_hints(Settings, include_extras=True)[name])[1]
    return found


def start_of(pipeline: str) -> Path:
    """Return the folder from which the project of a named pipeline is searched."""
    path = with_home(pipeline.partition(":")[0]).absolute()
    if not path.exists():
        return Path.cwd()
    return path if path.is_dir() else path.parent
