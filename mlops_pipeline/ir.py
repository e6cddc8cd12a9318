"""The intermediate representation: what authoring hands to running, and nothing else.

A `PipelineIR` is plain data with no code objects. It is written as JSON, deterministically:
the same pipeline gives the same bytes. `SCHEMA_VERSION` is `major.minor`; a reader takes any
minor version of its own major one (it ignores fields that it does not know) and refuses others.
"""

from __future__ import annotations

import hashlib
import re
import threading
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from mlops_pipeline.artifacts import VALUE_TYPES
from mlops_pipeline.errors import CompileError

SCHEMA_VERSION = "1.0"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
ID_HINT = "use letters, digits, _ and -, a letter or digit first, 100 at most"

VALUE_FILE = "value"
"""The file in the folder of an output that holds a single value."""


def is_id(name: str) -> bool:
    """Return True if a name can be an id: it becomes a folder, and a name in commands."""
    return _ID.fullmatch(name) is not None


class _Part(Struct, frozen=True, omit_defaults=True, tag_field=None):
    """Part of the IR: fields at their default are not written."""


class _Choice(Struct, frozen=True, omit_defaults=True, tag_field="kind"):
    """Part of the IR that is one of several kinds; `kind` in the JSON says which."""


# Expressions: values that are known only when a node runs.


class Literal(_Choice, frozen=True, tag="literal"):
    """A JSON value."""

    value: Any


class LocalPath(_Choice, frozen=True, tag="path"):
    """A file or folder whose content belongs to the input of the node.

    `path` is relative to the pipeline's base directory if it is below it.
    """

    path: str


class RunParameter(_Choice, frozen=True, tag="parameter"):
    """A run parameter of the pipeline."""

    name: str


class OutputValue(_Choice, frozen=True, tag="value"):
    """The content of a value artifact that another node wrote."""

    node: str
    output: str


class OutputProperty(_Choice, frozen=True, tag="property"):
    """A property of an artifact that another node wrote."""

    node: str
    output: str
    name: str


class OutputUri(_Choice, frozen=True, tag="uri"):
    """The URI of an artifact that another node wrote."""

    node: str
    output: str


class LoopItem(_Choice, frozen=True, tag="item"):
    """The current item of a loop, or a part of it reached through keys and indexes."""

    loop: str
    path: tuple[str | int, ...] = ()


class SecretName(_Choice, frozen=True, tag="secret"):
    """A secret by name; only the process of the executor ever sees its value."""

    name: str


class RunInfo(_Choice, frozen=True, tag="run"):
    """A fact about the run: `id`, `pipeline`, or (in exit handlers) `state`."""

    field: str


class Concat(_Choice, frozen=True, tag="concat"):
    """A text made of parts."""

    parts: tuple[Expression, ...]


class ListOf(_Choice, frozen=True, tag="list"):
    """A list whose items are expressions."""

    items: tuple[Expression, ...]


class DictOf(_Choice, frozen=True, tag="dict"):
    """A dict whose values are expressions."""

    items: dict[str, Expression]


class Operation(_Choice, frozen=True, tag="operation"):
    """An operator applied to expressions.

    `operator` is one of `== != < <= > >= and or not in + - * / []`; the last takes an entry of a
    list or an object.
    """

    operator: str
    arguments: tuple[Expression, ...]


Expression = (
    Literal
    | LocalPath
    | RunParameter
    | OutputValue
    | OutputProperty
    | OutputUri
    | LoopItem
    | SecretName
    | RunInfo
    | Concat
    | ListOf
    | DictOf
    | Operation
)


# Where inputs come from.


class ChannelIR(_Choice, frozen=True, tag="channel"):
    """The artifacts that a node of this run wrote to one output.

    A consumer outside a loop of the producer gets those of all iterations, in order.
    """

    node: str
    output: str


class QueryIR(_Choice, frozen=True, tag="query"):
    """Artifacts chosen from the store when the node runs.

    `resolver` names a function `module:qualname` with the signature of
    `mlops_pipeline.resolvers.Resolver`; `type` is the artifact type that it looks for.
    """

    resolver: str
    arguments: dict[str, Expression] = {}
    type: str = ""


SourceIR = ChannelIR | QueryIR


class ArtifactTypeIR(_Part, frozen=True):
    """An artifact type, as the metadata store registers it.

    `properties` maps names to `INT`, `DOUBLE` or `STRING`; `bases` are the names of the
    types that it can stand in for, nearest first.
    """

    name: str
    base_type: str | None = None
    properties: dict[str, str] = {}
    bases: tuple[str, ...] = ()


class InputIR(_Part, frozen=True):
    """One input of a node; `many` means that the executor takes a list."""

    name: str
    type: str
    sources: tuple[SourceIR, ...] = ()
    optional: bool = False
    many: bool = False


class OutputIR(_Part, frozen=True):
    """One output of a node; `value` means that it is the executor's return value.

    `properties` are set on the artifact before the executor sees it.
    """

    name: str
    type: str
    value: bool = False
    properties: dict[str, Any] = {}

    def path_in(self, folder: Path) -> Path:
        """Return what the URI names of a folder of this output: it, or the one file of a value."""
        is_value = self.value or self.type in VALUE_TYPES
        return folder / VALUE_FILE if is_value else folder


class ParameterIR(_Part, frozen=True):
    """One parameter of a node; `schema` is the JSON Schema of its type.

    `affects_result` is false for what never changes the result (Beam arguments, workers):
    it stays out of the cache key.
    """

    name: str
    schema: dict[str, Any]
    value: Expression
    affects_result: bool = True


# What runs.


class FunctionExecutor(_Choice, frozen=True, tag="function"):
    """A component function `module:qualname`, called in a worker process."""

    target: str


class ClassExecutor(_Choice, frozen=True, tag="class"):
    """A class `module:qualname` with a method `execute(task)`."""

    target: str


class BeamExecutor(_Choice, frozen=True, tag="beam"):
    """A component function that is handed an Apache Beam pipeline to build on."""

    target: str
    pipeline_args: tuple[str, ...] = ()


class ContainerExecutor(_Choice, frozen=True, tag="container"):
    """A command in a container image.

    In `command` and `environment`, `{{inputs.x.uri}}`, `{{inputs.x.path}}`,
    `{{outputs.x.uri}}`, `{{outputs.x.path}}` and `{{parameters.x}}` are filled in.
    `target` names the component function that declares the interface.
    """

    image: str
    command: tuple[str, ...]
    environment: dict[str, str] = {}
    target: str = ""


class ImporterExecutor(_Choice, frozen=True, tag="importer"):
    """Registers files that exist already as an artifact; nothing is copied."""

    uri: Expression
    reimport: bool = False


class ResolverExecutor(_Choice, frozen=True, tag="resolver"):
    """Hands on what its inputs resolved to, under the same names."""


ExecutorIR = (
    FunctionExecutor
    | ClassExecutor
    | BeamExecutor
    | ContainerExecutor
    | ImporterExecutor
    | ResolverExecutor
)


class RetryIR(_Part, frozen=True):
    """Retries of a failed node; waits are in seconds and grow by `factor`."""

    attempts: int = 1
    wait: float = 1.0
    factor: float = 2.0
    max_wait: float = 300.0


class CacheIR(_Part, frozen=True):
    """Reuse of results; `max_age` in seconds; `salt` starts a new history."""

    enabled: bool = True
    max_age: float | None = None
    salt: str = ""


class ResourcesIR(_Part, frozen=True):
    """Needs of a node: cores, memory in bytes, accelerators by type."""

    cpu: float | None = None
    memory: int | None = None
    accelerator: str = ""
    accelerator_count: int = 0


class LoopIR(_Part, frozen=True):
    """A `for_each`: the nodes that name it run once for each item of the list `items`."""

    id: str
    items: Expression
    loops: tuple[str, ...] = ()
    conditions: tuple[Expression, ...] = ()


class NodeIR(_Part, frozen=True):
    """A call of a component in a pipeline.

    Args:
        id: unique in the pipeline; the nodes of sub-pipelines are `<sub-pipeline>.<id>`.
        component: the component's identity, which is the MLMD execution type.
        base_type: MLMD base type of that: `Train`, `Transform`, `Process`, `Evaluate`, `Deploy`.
        driver: `module:qualname` of the driver that replaces the default one.
        publisher: the same for the publisher.
        conditions: all must hold, or the node is skipped.
        loops: the loops around the node, outermost first.
        group: names of the sub-pipelines around the node, outermost first.
        after: nodes that must have ended well before, without data passing.
        on_exit: runs when all other nodes have ended, also after a failure.
        timeout: seconds for one attempt.
    """

    id: str
    component: str
    executor: ExecutorIR
    inputs: tuple[InputIR, ...] = ()
    outputs: tuple[OutputIR, ...] = ()
    parameters: tuple[ParameterIR, ...] = ()
    driver: str = ""
    publisher: str = ""
    conditions: tuple[Expression, ...] = ()
    loops: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    on_exit: bool = False
    retry: RetryIR = RetryIR()
    timeout: float | None = None
    cache: CacheIR = CacheIR()
    resources: ResourcesIR = ResourcesIR()
    labels: dict[str, str] = {}
    doc: str = ""
    base_type: str = ""


class RunParameterIR(_Part, frozen=True):
    """A run parameter of the pipeline; `schema` is the JSON Schema of its type."""

    name: str
    schema: dict[str, Any]
    default: Any = None
    required: bool = False
    doc: str = ""


class PipelineIR(Struct, frozen=True, dict=True):
    """A compiled pipeline; `nodes` are in an order in which they can run."""

    name: str
    nodes: tuple[NodeIR, ...]
    parameters: tuple[RunParameterIR, ...] = ()
    loops: tuple[LoopIR, ...] = ()
    artifact_types: tuple[ArtifactTypeIR, ...] = ()
    labels: dict[str, str] = {}
    doc: str = ""
    schema_version: str = SCHEMA_VERSION

    def node(self, node_id: str) -> NodeIR:
        """Return the node with this id."""
        return self._nodes_by_id[node_id]

    def loop(self, loop_id: str) -> LoopIR:
        """Return the loop with this id."""
        return self._loops_by_id[loop_id]

    # Made once: whoever follows a large pipeline asks for each of its nodes.
    @cached_property
    def _nodes_by_id(self) -> dict[str, NodeIR]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def _loops_by_id(self) -> dict[str, LoopIR]:
        return {loop.id: loop for loop in self.loops}


def dump(pipeline: PipelineIR) -> bytes:
    """Return the JSON of a pipeline: two spaces, a final newline.

    Dicts have sorted keys, except the user's among the values, whose order may mean something.
    """
    # Read back once: on Python 3.10 an empty tuple may be another one than the default, which is
    # then written; the same pipeline would give other bytes.
    plain = _read(msgspec.json.decode(msgspec.json.encode(pipeline)))
    data = msgspec.json.encode(_sorted(msgspec.to_builtins(plain)))
    return msgspec.json.format(data, indent=2) + b"\n"


def _sorted(part: Any) -> Any:
    """Return a part of the IR with the keys of dicts sorted, but for those in the user's values."""
    # What msgspec gives is of these types themselves; the IR of large pipelines has many parts.
    if type(part) in _LISTS:
        return [_sorted(item) for item in part]
    if type(part) is not dict or part.get("kind") == "literal":
        return part
    found = {}
    for name, field in part.items():
        if name == "schema":
            found[name] = msgspec.to_builtins(field, order="deterministic")
        elif name == "arguments" and isinstance(field, dict):
            found[name] = {key: _sorted(field[key]) for key in sorted(field)}
        elif name == "items" and part.get("kind") == "dict":
            found[name] = {key: _sorted(value) for key, value in field.items()}
        elif name in _NAMED:
            found[name] = dict(sorted(field.items()))
        elif name == "default":
            found[name] = field
        else:
            found[name] = _sorted(field)
    return found


_LISTS = (list, tuple)
_NAMED = frozenset(("labels", "environment", "properties"))
"""Fields whose keys are the user's names, and whose values stay as they are."""


def _read(data: Any) -> PipelineIR:
    # Two threads that are the first to read a type with msgspec end the process (SIGSEGV).
    with _READING:
        return msgspec.convert(data, PipelineIR)


_READING = threading.Lock()


def digest(pipeline: PipelineIR) -> str:
    """Return the SHA-256 of the JSON, in hexadecimal."""
    return hashlib.sha256(dump(pipeline)).hexdigest()


def load(data: bytes | str, *, source: str = "IR") -> PipelineIR:
    """Read what `dump` wrote; what is in it is checked by `ir_check.load_checked`.

    Args:
        source: what to call the data in an error.

    Raises:
        CompileError: the data is not IR, or of another major version.
    """
    try:
        head = msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise CompileError(
            f"{source} is not a compiled pipeline: {error}",
            hint="make it with `mlops compile`",
        ) from None
    version = str(head.get("schema_version", ""))
    if version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        raise CompileError(
            f"{source} has IR version {version or 'none'}; this version reads {SCHEMA_VERSION}",
            hint="compile the pipeline again with this version of mlops-pipeline",
        )
    try:
        return _read(head)
    except (msgspec.ValidationError, RecursionError) as error:
        raise CompileError(
            f"{source} is not a valid pipeline: {error}",
            hint="compile the pipeline again instead of editing the file",
        ) from None
