"""Where a run happens: its store, its artifact root, and the user's code and files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mlops_pipeline.content import StatCache
from mlops_pipeline.errors import SettingsError
from mlops_pipeline.store import MetadataStore


@dataclass(frozen=True)
class Workspace:
    """Everything about the surroundings of a run that is not in the pipeline.

    Args:
        root: folder below which artifacts are kept.
        base_dir: what relative paths in the pipeline are relative to.
        import_paths: folders in which user modules are looked for, first match wins.
        lock: lock file of the environment, whose content is part of every cache key.
        lease: seconds without a heartbeat after which an execution elsewhere counts as dead.
    """

    store: MetadataStore
    root: str
    base_dir: Path
    import_paths: tuple[str, ...] = ()
    lock: Path | None = None
    lease: float = 60.0

    @cached_property
    def root_path(self) -> Path:
        """The artifact root as a local path.

        Raises:
            SettingsError: the root is a URL of something that is not a local file system.
        """
        if "://" in self.root and not self.root.startswith("file://"):
            raise SettingsError(
                f"artifact root {self.root} is not a local folder",
                hint="set a folder; object stores are not supported by this runner yet",
            )
        return Path(self.root.removeprefix("file://")).absolute()

    @cached_property
    def digests(self) -> StatCache:
        """Digests of files that have been read before, kept beside the artifacts."""
        self.root_path.mkdir(parents=True, exist_ok=True)
        return StatCache(self.root_path / ".digests.db")

    def local_path(self, path: str) -> Path:
        """A path of the pipeline as an absolute one."""
        return self.base_dir / path
