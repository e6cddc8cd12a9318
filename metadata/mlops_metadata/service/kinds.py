"""The three kinds of nodes: their tables, columns and messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlops_metadata.layout.rows import Kind
from mlops_metadata.messages import pb


@dataclass(frozen=True)
class NodeKind:
    """A kind of nodes.

    Args:
        name: of the table and the message.
        kind: number of its types.
        own: columns that the others do not have; the message has the same fields.
        link: table that puts such nodes into contexts.
    """

    name: str
    kind: Kind
    own: tuple[str, ...] = ()
    link: str = ""

    @property
    def word(self) -> str:
        """The name in small letters, as fields of messages have it."""
        return self.name.lower()

    @property
    def key(self) -> str:
        """The column of other tables that names such a node."""
        return f"{self.word}_id"

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns that are fields of the message, too."""
        times = ("create_time_since_epoch", "last_update_time_since_epoch")
        return ("id", "type_id", *self.own, "name", "external_id", *times)

    def new(self) -> Any:
        """Return an empty message of such a node."""
        return getattr(pb, self.name)()

    def new_type(self) -> Any:
        """Return an empty message of a type of such nodes."""
        return getattr(pb, f"{self.name}Type")()


ARTIFACT = NodeKind("Artifact", Kind.ARTIFACT, ("uri", "state"), "Attribution")
EXECUTION = NodeKind("Execution", Kind.EXECUTION, ("last_known_state",), "Association")
CONTEXT = NodeKind("Context", Kind.CONTEXT)
KINDS = (ARTIFACT, EXECUTION, CONTEXT)
