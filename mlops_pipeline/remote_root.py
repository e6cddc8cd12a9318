"""An artifact root in an object store: outputs are uploaded to places that are never used twice.

    <root>/<pipeline>/<node>/<output>/<execution id>-<nonce>/...
    <root>/<pipeline>/.staging/<execution id>-<nonce>    what is there is not published yet
    <root>/<pipeline>/.logs/<run>/..., .state/<run>/...

An object store cannot move a folder at once, and need not: what is visible is decided by the
metadata store alone. Before anything is uploaded, an object below `.staging` names the execution,
so that whoever finds it there can remove what a process that died has left.
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mlops_pipeline.content import StatCache
from mlops_pipeline.copies import Copies
from mlops_pipeline.errors import NotFoundError, PipelineError, RootError
from mlops_pipeline.ir import OutputIR
from mlops_pipeline.local_root import ROOT, log_path, place_name, state_dir
from mlops_pipeline.objects import (
    download,
    list_objects,
    names_below,
    read_bytes,
    remove,
    remove_object,
    write_bytes,
)
from mlops_pipeline.staging import (
    OUTPUTS,
    STAGING,
    LocalStaging,
    Placed,
    artifact_path,
    local_names,
    step,
    sweep,
)
from mlops_pipeline.store import Execution, MetadataStore
from mlops_pipeline.uploads import upload, upload_file

log = logging.getLogger(__name__)

_WHOLE = ".whole"


@dataclass(frozen=True)
class RemoteRoot:
    """A bucket, or a folder in one.

    Args:
        scratch: folder of this machine for what executors write.
        copies: local copies of artifacts.
    """

    url: str
    scratch: Path
    copies: Copies

    @property
    def facts(self) -> Mapping[str, str]:
        """What an execution says of the root."""
        return {ROOT: self.url}

    @property
    def digests(self) -> StatCache:
        """Digests of files and objects that have been read before."""
        return self.copies.digests

    @cached_property
    def folder(self) -> Path:
        """The part of the scratch folder that is for this root."""
        readable = re.sub(r"[^A-Za-z0-9.-]+", "-", self.url)[-40:].strip("-.")
        unique = hashlib.sha256(self.url.encode()).hexdigest()[:12]
        return self.scratch / "roots" / f"{readable}-{unique}"

    def staging(self, execution: Execution) -> RemoteStaging | None:
        """What an execution writes, if it writes here."""
        said = execution.properties
        if STAGING not in said or said.get(ROOT) != self.url:
            return None
        return RemoteStaging(self, LocalStaging(self.folder / execution.pipeline, execution))

    def sweep(self, pipeline: str, store: MetadataStore) -> list[Execution]:
        """Remove what ended executions left behind; returns those that are RUNNING."""
        noted = names_below(f"{self.url}/{pipeline}/.staging")
        return sweep(noted | local_names(self.folder / pipeline), self.staging, store)

    def log_path(self, execution: Execution) -> Path:
        """Where the output of an executor is written, while it runs."""
        return log_path(self.folder, execution)

    def keep_log(self, execution: Execution, path: Path) -> str:
        """Upload the output of an executor, which has ended; returns where it is from now on."""
        if not path.is_file():
            return ""
        if not path.stat().st_size:
            path.unlink()
            return ""
        # Two stores that share the root may have runs of the same name.
        name = f"{execution.properties[STAGING]}-{path.name}"
        place = f"{self.url}/{execution.pipeline}/.logs/{execution.run_id}/{name}"
        try:
            upload_file(path, place)
        except PipelineError as error:
            log.warning("the output of %s stays at %s: %s", execution.node_id, path, error.message)
            return str(path)
        path.unlink()
        return place

    def state_dir(self, execution: Execution) -> Path:
        """The folder that later attempts of the same node in the same run find again."""
        return state_dir(self.folder, execution)

    def bring_state(self, execution: Execution, folder: Path) -> None:
        """Download what the last failed attempt left in the folder, on whatever machine."""
        if execution.attempt == 1 or folder.exists():
            return
        try:
            listing = list_objects(self._state(execution))
        except NotFoundError:
            return
        whole = [each.name for each in listing.objects if each.name.endswith(_WHOLE)]
        if whole:
            newest = max(whole, key=lambda name: int(name.split("-")[0])).removesuffix(_WHOLE)
            partial = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}")
            download(list_objects(f"{self._state(execution)}/{newest}"), partial)
            partial.rename(folder)

    def keep_state(self, execution: Execution, folder: Path) -> None:
        """Upload what a failed attempt left in the folder, for the next one."""
        if not folder.is_dir() or not any(folder.iterdir()):
            return
        name = f"{execution.id}-{execution.properties[STAGING]}"
        target = f"{self._state(execution)}/{name}"
        try:
            upload(folder, target)
            write_bytes(target + _WHOLE, b"")
        except PipelineError as error:
            log.warning("the state of %s stays at %s: %s", execution.node_id, folder, error.message)
        else:
            # The next attempt may be made elsewhere: what is here must not be taken for the latest.
            shutil.rmtree(folder, ignore_errors=True)

    def drop_state(self, execution: Execution, folder: Path) -> None:
        """Remove all that attempts left: the node has succeeded."""
        shutil.rmtree(folder, ignore_errors=True)
        if execution.attempt == 1:
            return
        try:
            remove(self._state(execution))
        except PipelineError as error:
            log.warning("the state of %s is left: %s", execution.node_id, error.message)

    def check(self) -> None:
        """Make sure that the root can be read and written.

        Raises:
            RootError: it cannot.
        """
        place = f"{self.url}/.probe-{secrets.token_hex(8)}"
        sent = secrets.token_bytes(8)
        try:
            write_bytes(place, sent)
            if read_bytes(place) != sent:
                raise RootError(f"{self.url} does not give back what was written to it")
            remove_object(place)
        except NotFoundError as error:
            raise RootError(
                f"{self.url} cannot be written: {error.message}", hint="make the bucket"
            ) from None

    def _state(self, execution: Execution) -> str:
        run = f"{self.url}/{execution.pipeline}/.state/{execution.run_id}"
        return f"{run}/{place_name(execution)}"


@dataclass(frozen=True)
class RemoteStaging:
    """The folders of one execution; its outputs are uploaded.

    Args:
        local: the folders on this machine.
    """

    root: RemoteRoot
    local: LocalStaging

    @property
    def name(self) -> str:
        """`<execution id>-<nonce>`: unique, even where two stores share a root."""
        return self.local.name

    @property
    def folder(self) -> Path:
        """What the execution may write below."""
        return self.local.folder

    def output(self, output: str) -> Path:
        """Where an output is written."""
        return self.local.output(output)

    def create(self, outputs: Iterable[str]) -> None:
        """Make the folders."""
        self.local.create(outputs)

    def link_in(self, output: str) -> Path | None:
        """A link in an output that leads into the folders, which are removed."""
        return self.local.link_in(output)

    @cached_property
    def _pipeline_url(self) -> str:
        return f"{self.root.url}/{self.local.execution.pipeline}"

    @cached_property
    def _note(self) -> str:
        return f"{self._pipeline_url}/.staging/{self.name}"

    def _place(self, output: str) -> str:
        return f"{self._pipeline_url}/{self.local.execution.node_id}/{output}/{self.name}"

    def place(self, outputs: Sequence[OutputIR], digests: Mapping[str, str]) -> dict[str, Placed]:
        """Upload each output; the copy here is kept for the nodes that read it."""
        node_id = self.local.execution.node_id
        folder = self.local.begin()
        write_bytes(self._note, b"")
        step("root.noted", node_id)
        placed = {}
        for output in outputs:
            path = artifact_path(folder / output.name, output)
            uri = self._place(output.name)
            if path != folder / output.name:
                uri += f"/{path.name}"
            digest, tag = upload(path, uri, self.root.digests)
            if digest != digests[output.name]:
                raise RootError(
                    f"output {output.name} of {node_id} was altered while it was uploaded",
                    hint="end all processes that write it before the executor returns",
                )
            self.root.copies.adopt(path, digest)
            placed[output.name] = Placed(uri, tag)
            step("root.uploaded", node_id)
        return placed

    def undo(self) -> None:
        """Remove everything that the execution wrote, uploaded or not."""
        # Where the folder does not tell, this is not the machine that would know.
        if self.local.has_begun is not False:
            try:
                for output in self.local.execution.properties[OUTPUTS]:
                    remove(self._place(output))
                remove_object(self._note)
            except PipelineError as error:
                # It is found by its note, once the root can be reached again.
                log.warning("execution %s left objects: %s", self.name, error.message)
        self.local.remove()

    def remove(self) -> None:
        """Remove the folders and the note, once the outputs are published."""
        try:
            remove_object(self._note)
        except PipelineError as error:
            # The next run sees that the execution is complete, and removes it.
            log.warning("%s is left to be removed: %s", self._note, error.message)
        self.local.remove()
