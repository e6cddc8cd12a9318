"""An artifact root in an object store: outputs are uploaded to URLs that are never used twice.

    <root>/<pipeline>/<node>/<output>/<execution id>-<nonce>/...
    <root>/<pipeline>/.staging/<execution id>-<nonce>    what is there is not published yet
    <root>/<pipeline>/.logs/<run>/..., .state/<run>/...

An object store cannot move a folder at once, and need not: what is visible is decided by the
metadata store alone. Before anything is uploaded, an object below `.staging` names the execution,
so that another process can remove the remains of one that has died.
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mlops_pipeline.errors import NotFoundError, PipelineError, RootError
from mlops_pipeline.ir import OutputIR
from mlops_pipeline.roots.digests import StatCache
from mlops_pipeline.roots.local_copies import Copies
from mlops_pipeline.roots.local_root import (
    LocalAttempt,
    forget_state,
    local_attempt,
    local_names,
    remove_tree,
    states_of,
)
from mlops_pipeline.roots.object_store import (
    download,
    list_objects,
    names_below,
    read_bytes,
    remove,
    remove_object,
    write_bytes,
)
from mlops_pipeline.roots.staging import OUTPUTS, ROOT, STAGING, Placed, sweep_attempts
from mlops_pipeline.roots.uploads import upload, upload_file
from mlops_pipeline.store import Execution, MetadataStore, Run

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
        """Properties for executions about the root."""
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

    def attempt(self, execution: Execution) -> RemoteAttempt | None:
        """Return the folders of an execution, if it writes here."""
        said = execution.properties
        if STAGING not in said or said.get(ROOT) != self.url:
            return None
        return RemoteAttempt(self, local_attempt(self.folder, execution))

    def forget_state(self, run: Run) -> None:
        """Remove what failed attempts of a run left for later ones, here and there."""
        forget_state(self.folder, run)
        states = states_of(run)
        try:
            if states:
                remove(f"{self.url}/{states}")
        except PipelineError as error:
            log.warning("states of run %s are left: %s", run.id, error.message)

    def sweep(self, pipeline: str, store: MetadataStore) -> list[Execution]:
        """Remove what ended executions left behind; returns those that are RUNNING."""
        noted = names_below(f"{self.url}/{pipeline}/.staging")
        return sweep_attempts(noted | local_names(self.folder / pipeline), self.attempt, store)

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


@dataclass(frozen=True)
class RemoteAttempt:
    """The folders of one execution; its outputs are uploaded.

    Args:
        local: the folders on this machine.
    """

    root: RemoteRoot
    local: LocalAttempt

    @property
    def name(self) -> str:
        """`<execution id>-<nonce>`: unique, even where two stores share a root."""
        return self.local.name

    @property
    def folder(self) -> Path:
        """The folder that the executor may write below."""
        return self.local.folder

    @property
    def log(self) -> Path:
        """The file that takes what the executor prints, while it runs."""
        return self.local.log

    @property
    def state(self) -> Path:
        """The folder that later attempts of the same node in the same run find again."""
        return self.local.state

    def begin(self) -> None:
        """Make the folders; download the state that the last failed attempt left anywhere."""
        self.local.begin()
        if self.local.execution.attempt == 1 or self.state.exists():
            return
        try:
            listing = list_objects(self._state_url)
        except NotFoundError:
            return
        whole = [each.name for each in listing.objects if each.name.endswith(_WHOLE)]
        if whole:
            newest = max(whole, key=lambda name: int(name.split("-")[0])).removesuffix(_WHOLE)
            partial = self.state.with_name(f".{self.state.name}-{secrets.token_hex(4)}")
            download(list_objects(f"{self._state_url}/{newest}"), partial)
            partial.rename(self.state)

    def keep_log(self) -> str:
        """Upload the output of an executor, which has ended; returns where it is from now on."""
        path, execution = self.log, self.local.execution
        if not path.is_file():
            return ""
        if not path.stat().st_size:
            path.unlink()
            return ""
        # Two stores that share the root may have runs of the same name.
        name = f"{execution.properties[STAGING]}-{path.name}"
        place = f"{self._pipeline_url}/.logs/{execution.run_id}/{name}"
        try:
            upload_file(path, place)
        except PipelineError as error:
            log.warning("the output of %s stays at %s: %s", execution.node_id, path, error.message)
            return str(path)
        path.unlink()
        return place

    def keep_state(self) -> None:
        """Upload what a failed attempt left in the folder, for the next one."""
        folder = self.state
        if not folder.is_dir() or not any(folder.iterdir()):
            return
        target = f"{self._state_url}/{self.name}"
        try:
            upload(folder, target)
            write_bytes(target + _WHOLE, b"")
        except PipelineError as error:
            node = self.local.execution.node_id
            log.warning("the state of %s stays at %s: %s", node, folder, error.message)
        else:
            # The next attempt may be made elsewhere: what is here must not be taken for the latest.
            shutil.rmtree(folder, ignore_errors=True)

    def link_in(self, output: str) -> Path | None:
        """Return a link in an output that leads into the folders, which are removed."""
        return self.local.link_in(output)

    @cached_property
    def _state_url(self) -> str:
        execution = self.local.execution
        return f"{self._pipeline_url}/.state/{execution.run_id}/{self.state.name}"

    @cached_property
    def _pipeline_url(self) -> str:
        return f"{self.root.url}/{self.local.execution.pipeline}"

    @cached_property
    def _note(self) -> str:
        return f"{self._pipeline_url}/.staging/{self.name}"

    def _place(self, output: str) -> str:
        return f"{self._pipeline_url}/{self.local.execution.node_id}/{output}/{self.name}"

    def publish(self, outputs: Sequence[OutputIR], digests: Mapping[str, str]) -> dict[str, Placed]:
        """Upload each output; the copy here is kept for the nodes that read it."""
        node_id = self.local.execution.node_id
        # An object store moves nothing, but the folder tells others that it has begun.
        folder = self.local.folder.rename(self.local.moving)
        write_bytes(self._note, b"")
        sys.audit("mlops.step", "root.noted", node_id)
        placed = {}
        for output in outputs:
            path = output.path_in(folder / output.name)
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
            sys.audit("mlops.step", "root.uploaded", node_id)
        return placed

    def discard(self) -> None:
        """Remove everything that the execution wrote, uploaded or not."""
        # Where the folder does not tell, this is not the machine that would know.
        if self.local.is_moving is not False:
            try:
                for output in self.local.execution.properties[OUTPUTS]:
                    remove(self._place(output))
                remove_object(self._note)
            except PipelineError as error:
                # It is found by its note, once the root can be reached again.
                log.warning("execution %s left objects: %s", self.name, error.message)
        # What was uploaded has been a copy: the folders here go as a whole.
        for folder in (self.local.moving, self.local.folder):
            remove_tree(folder)

    def end(self) -> None:
        """Remove the folders, the note and the state, once the outputs are recorded."""
        try:
            remove_object(self._note)
        except PipelineError as error:
            # The next run sees that the execution is complete, and removes it.
            log.warning("%s is left to be removed: %s", self._note, error.message)
        self.local.end()
        if self.local.execution.attempt == 1:
            return
        try:
            remove(self._state_url)
        except PipelineError as error:
            node = self.local.execution.node_id
            log.warning("the state of %s is left: %s", node, error.message)
