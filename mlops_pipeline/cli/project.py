"""The project that a command works on: its settings, its store, its runs."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mlops_pipeline.errors import NotFoundError, SettingsError
from mlops_pipeline.inspection import find_run
from mlops_pipeline.settings import Resolved, Settings, Sources, resolve, start_of
from mlops_pipeline.store import MetadataStore, Run
from mlops_pipeline.uris import refuse_too_long

if TYPE_CHECKING:
    from mlops_pipeline.roots import Copies

Command = TypeVar("Command", bound=Callable[..., Any])


class Project:
    """The settings that hold for one command, and the store they name.

    Args:
        flags: settings given as flags.
    """

    def __init__(self, flags: dict[str, Any]) -> None:
        project = flags.pop("project", None)
        if project:
            refuse_too_long(Path(project))
        if project and not Path(project).is_dir():
            raise SettingsError(f"--project {project} is not a folder", hint="check the path")
        self._fixed = bool(project)
        self._start = Path(project) if project else Path.cwd()
        self._flags = flags

    @property
    def folder(self) -> Path:
        """The folder from which the project is searched upward: --project, or the current one."""
        return self._start

    @property
    def folders(self) -> list[Path]:
        """The project and the folder that it is searched from: the user's own code."""
        return [self.resolved.project, self.folder]

    def begin_at(self, pipeline: str) -> None:
        """Take the settings of the project that a pipeline on the command line is in."""
        if not self._fixed:
            self._start = start_of(pipeline)

    def set_flag(self, name: str, value: Any) -> None:
        """Add one setting from a flag, before any is read."""
        self._flags[name] = value

    def flag(self, name: str) -> str:
        """Return a setting as the flag gives it, or an empty text without the flag."""
        return str(self._flags.get(name) or "")

    @cached_property
    def resolved(self) -> Resolved:
        """All settings, and the origin of each."""
        return resolve(Sources(self._start, self._flags))

    @property
    def settings(self) -> Settings:
        """All settings."""
        return self.resolved.values

    @cached_property
    def store(self) -> MetadataStore:
        """The store; it is created if it does not exist."""
        from mlops_pipeline.store import make_store_folder

        make_store_folder(self.settings.store)
        return self._opened(self.settings.store)

    def _opened(self, url: str) -> MetadataStore:
        from mlops_pipeline.run_state import follow
        from mlops_pipeline.store import open_store

        return self._closing(follow(open_store(url), self.settings.root))

    @cached_property
    def existing_store(self) -> MetadataStore:
        """The store, if there is one.

        Raises:
            NotFoundError: nothing has been recorded yet.
        """
        from mlops_pipeline.store import only_existing

        self.require_store()
        url = only_existing(self.settings.store)
        return self.store if url == self.settings.store else self._opened(url)

    def require_store(self) -> None:
        """Refuse to go on without a store; it is not opened for that.

        Raises:
            NotFoundError: nothing has been recorded yet.
        """
        if not self.has_store:
            raise NotFoundError(
                f"nothing is recorded yet in {self.settings.store}",
                hint="run a pipeline with `mlops run`, or name the right store with --store",
            )

    @property
    def has_store(self) -> bool:
        """True if the store seems to exist; it is not opened for that."""
        from mlops_pipeline.store import is_there

        return is_there(self.settings.store)

    @property
    def copies(self) -> Copies:
        """Local copies of the artifacts that are kept elsewhere."""
        from mlops_pipeline.run_state import copies_in

        chosen = self.settings
        return copies_in(chosen.scratch, chosen.scratch_limit, chosen.cache_verify)

    def find_run(self, name: str) -> Run:
        """Find a run by its id, the beginning of its id, or `last`.

        Raises:
            NotFoundError: there is none, or there are several.
        """
        return find_run(self.existing_store, name)

    def flags_text(self) -> str:
        """Return the flags that a following command needs to work on the same project."""
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


def project_options(command: Command) -> Command:
    """Add the flags that select the project; the command gets them as one `Project`."""

    @functools.wraps(command)
    def with_project(*args: Any, **values: Any) -> Any:
        flags = {name: values.pop(name) for name in ("store", "root", "project")}
        return command(*args, project=Project(flags), **values)

    for option in (
        click.option("--project", metavar="DIR", help="Folder of the project  [default: current]"),
        click.option("--root", metavar="DIR", help="Folder or URL for artifacts."),
        click.option("--store", metavar="URL", help="Metadata store: a URL or a file."),
    ):
        with_project = option(with_project)
    return with_project  # type: ignore[return-value]


def complete_run(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the id of a recent run, in the shell."""
    from click.shell_completion import CompletionItem

    flags = {name: ctx.params.get(name) for name in ("store", "root", "project")}
    project = Project(flags)
    try:
        runs = project.existing_store.list_runs(limit=50)
    except Exception:  # noqa: BLE001 - a shell that completes has no place for errors
        return []
    return [
        CompletionItem(run.id, help=run.pipeline) for run in runs if run.id.startswith(incomplete)
    ]


def complete_node(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the name of a node of the run that the command names."""
    flags = {name: ctx.params.get(name) for name in ("store", "root", "project")}
    project = Project(flags)
    try:
        run = project.find_run(ctx.params["run_id"])
        names = {e.node_id for e in project.store.executions_of_run(run.id)}
    except Exception:  # noqa: BLE001 - a shell that completes has no place for errors
        return []
    return sorted(name for name in names if name.startswith(incomplete))


def run_argument(command: Command) -> Command:
    """Add the argument RUN, as `run_id`."""
    return click.argument("run_id", metavar="RUN", shell_complete=complete_run)(command)


def node_argument(command: Command) -> Command:
    """Add the argument NODE."""
    return click.argument("node", metavar="NODE", shell_complete=complete_node)(command)
