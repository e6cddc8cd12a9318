"""Where a command works: the settings of the project, its store, and the pipeline it is given."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import click

from mlops_pipeline.errors import NotFoundError, SettingsError
from mlops_pipeline.lookup import find_run
from mlops_pipeline.settings import Resolved, Settings, Sources, resolve, start_of
from mlops_pipeline.store import MetadataStore, Run

Command = TypeVar("Command", bound=Callable[..., Any])


class Place:
    """The settings that hold for one command, and the store they name.

    Args:
        flags: settings given as flags.
    """

    def __init__(self, flags: dict[str, Any]) -> None:
        project = flags.pop("project", None)
        if project and not Path(project).is_dir():
            raise SettingsError(f"--project {project} is no folder", hint="check the path")
        self._fixed = bool(project)
        self._start = Path(project) if project else Path.cwd()
        self._flags = flags

    def begin_at(self, pipeline: str) -> None:
        """Take the settings of the project that a pipeline, named on the command line, lies in."""
        if not self._fixed:
            self._start = start_of(pipeline)

    def set_flag(self, name: str, value: Any) -> None:
        """Take one more setting from a flag, before any is read."""
        self._flags[name] = value

    def flag(self, name: str) -> str:
        """A setting as the flag gives it; empty where the flag is not given."""
        return str(self._flags.get(name) or "")

    @cached_property
    def resolved(self) -> Resolved:
        """All settings, and where they came from."""
        return resolve(Sources(self._start, self._flags))

    @property
    def settings(self) -> Settings:
        """All settings."""
        return self.resolved.values

    @cached_property
    def store(self) -> MetadataStore:
        """The store, which is made where it is missing."""
        from mlops_pipeline.stores import make_place, open_store

        make_place(self.settings.store)
        return self._closing(open_store(self.settings.store))

    @cached_property
    def existing_store(self) -> MetadataStore:
        """The store, if there is one.

        Raises:
            NotFoundError: nothing has been recorded yet.
        """
        if not self.has_store:
            raise NotFoundError(
                f"nothing is recorded yet in {self.settings.store}",
                hint="run a pipeline with `mlops run`, or name the right store with --store",
            )
        return self.store

    @property
    def has_store(self) -> bool:
        """Whether the store exists, as far as that can be said without opening it."""
        from mlops_pipeline.stores import is_there

        return is_there(self.settings.store)

    def find_run(self, name: str) -> Run:
        """A run by its id, the beginning of its id, or `last`.

        Raises:
            NotFoundError: there is none, or there are several.
        """
        return find_run(self.existing_store, name)

    def flags_text(self) -> str:
        """The flags that a following command needs to work in the same place."""
        texts = []
        if self._flags.get("store"):
            texts.append(f"--store {shlex.quote(self._flags['store'])}")
        elif self.resolved.project != resolve(Sources()).project:
            texts.append(f"--project {shlex.quote(self._relative(self.resolved.project))}")
        if self._flags.get("root"):
            texts.append(f"--root {shlex.quote(self._flags['root'])}")
        return "".join(f" {text}" for text in texts)

    @staticmethod
    def _relative(path: Path) -> str:
        here = Path.cwd()
        return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)

    @staticmethod
    def _closing(store: MetadataStore) -> MetadataStore:
        context = click.get_current_context(silent=True)
        if context:
            context.call_on_close(store.close)
        return store


def place_options(command: Command) -> Command:
    """Add the flags that say where to work; the command takes them as one `Place`."""

    @functools.wraps(command)
    def with_place(*args: Any, **values: Any) -> Any:
        flags = {name: values.pop(name) for name in ("store", "root", "project")}
        return command(*args, place=Place(flags), **values)

    for option in (
        click.option("--project", metavar="DIR", help="Folder of the project  [default: here]"),
        click.option("--root", metavar="DIR", help="Folder or URL that artifacts are kept in."),
        click.option("--store", metavar="URL", help="Metadata store: a URL or a file."),
    ):
        with_place = option(with_place)
    return with_place  # type: ignore[return-value]


def complete_run(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Ids of recent runs, for the shell."""
    from click.shell_completion import CompletionItem

    flags = {name: ctx.params.get(name) for name in ("store", "root", "project")}
    place = Place(flags)
    try:
        runs = place.existing_store.list_runs(limit=50)
    except Exception:  # noqa: BLE001 - a shell that completes has no place for errors
        return []
    return [
        CompletionItem(run.id, help=run.pipeline) for run in runs if run.id.startswith(incomplete)
    ]


def complete_node(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Names of the nodes of the run that the command names."""
    flags = {name: ctx.params.get(name) for name in ("store", "root", "project")}
    place = Place(flags)
    try:
        run = place.find_run(ctx.params["run_id"])
        names = {e.node_id for e in place.store.executions_of_run(run.id)}
    except Exception:  # noqa: BLE001 - a shell that completes has no place for errors
        return []
    return sorted(name for name in names if name.startswith(incomplete))


def run_argument(command: Command) -> Command:
    """Add the argument RUN, as `run_id`."""
    return click.argument("run_id", metavar="RUN", shell_complete=complete_run)(command)


def node_argument(command: Command) -> Command:
    """Add the argument NODE."""
    return click.argument("node", metavar="NODE", shell_complete=complete_node)(command)
