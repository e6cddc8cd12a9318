"""ML Metadata's schema, version 10: its tables and indexes, and two kinds of our own indexes.

Each name, column and index is as ml-metadata 1.17 makes it, so that its client, TFX and all that
reads such databases find what they expect.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, structs

from mlops_metadata.layout.rows import Kind

VERSION = 10
"""The version of the schema that is written and read here."""

_NODE = (
    "name {name}",
    "external_id {name} UNIQUE",
    "create_time_since_epoch {time} NOT NULL DEFAULT 0",
    "last_update_time_since_epoch {time} NOT NULL DEFAULT 0",
    "UNIQUE(type_id, name)",
)
_PROPERTY = (
    "name {name} NOT NULL",
    "is_custom_property {flag} NOT NULL",
    "int_value {integer}",
    "double_value {double}",
    "string_value {long_text}",
    "byte_value {bytes}",
    "proto_value {bytes}",
    "bool_value {boolean}",
)

_TABLES: dict[str, tuple[str, ...]] = {
    "Type": (
        "id {id}",
        "name {name} NOT NULL",
        "version {name}",
        "type_kind {kind} NOT NULL",
        "description {text}",
        "input_type {text}",
        "output_type {text}",
        "external_id {name} UNIQUE",
    ),
    "TypeProperty": (
        "type_id {integer} NOT NULL",
        "name {name} NOT NULL",
        "data_type {integer} NULL",
        "PRIMARY KEY (type_id, name)",
    ),
    "ParentType": (
        "type_id {integer} NOT NULL",
        "parent_type_id {integer} NOT NULL",
        "PRIMARY KEY (type_id, parent_type_id)",
    ),
    "Artifact": ("id {id}", "type_id {integer} NOT NULL", "uri {text}", "state {integer}", *_NODE),
    "ArtifactProperty": (
        "artifact_id {integer} NOT NULL",
        *_PROPERTY,
        "PRIMARY KEY (artifact_id, name, is_custom_property)",
    ),
    "Execution": ("id {id}", "type_id {integer} NOT NULL", "last_known_state {integer}", *_NODE),
    "ExecutionProperty": (
        "execution_id {integer} NOT NULL",
        *_PROPERTY,
        "PRIMARY KEY (execution_id, name, is_custom_property)",
    ),
    "Event": (
        "id {id}",
        "artifact_id {integer} NOT NULL",
        "execution_id {integer} NOT NULL",
        "type {integer} NOT NULL",
        "milliseconds_since_epoch {time}",
        "UNIQUE(artifact_id, execution_id, type)",
    ),
    "EventPath": (
        "event_id {integer} NOT NULL",
        "is_index_step {flag} NOT NULL",
        "step_index {integer}",
        "step_key {text}",
    ),
    "MLMDEnv": ("schema_version INTEGER PRIMARY KEY",),
    "Context": ("id {id}", "type_id {integer} NOT NULL", "name {name} NOT NULL", *_NODE[1:]),
    "ContextProperty": (
        "context_id {integer} NOT NULL",
        *_PROPERTY,
        "PRIMARY KEY (context_id, name, is_custom_property)",
    ),
    "ParentContext": (
        "context_id {integer} NOT NULL",
        "parent_context_id {integer} NOT NULL",
        "PRIMARY KEY (context_id, parent_context_id)",
    ),
    "Association": (
        "id {id}",
        "context_id {integer} NOT NULL",
        "execution_id {integer} NOT NULL",
        "UNIQUE(context_id, execution_id)",
    ),
    "Attribution": (
        "id {id}",
        "context_id {integer} NOT NULL",
        "artifact_id {integer} NOT NULL",
        "UNIQUE(context_id, artifact_id)",
    ),
}

TABLES = tuple(_TABLES)

_INDEXES = (
    ("idx_artifact_uri", "Artifact", "uri"),
    ("idx_artifact_create_time_since_epoch", "Artifact", "create_time_since_epoch"),
    ("idx_artifact_last_update_time_since_epoch", "Artifact", "last_update_time_since_epoch"),
    ("idx_event_execution_id", "Event", "execution_id"),
    ("idx_parentcontext_parent_context_id", "ParentContext", "parent_context_id"),
    ("idx_type_name", "Type", "name"),
    ("idx_execution_create_time_since_epoch", "Execution", "create_time_since_epoch"),
    ("idx_execution_last_update_time_since_epoch", "Execution", "last_update_time_since_epoch"),
    ("idx_context_create_time_since_epoch", "Context", "create_time_since_epoch"),
    ("idx_context_last_update_time_since_epoch", "Context", "last_update_time_since_epoch"),
    ("idx_eventpath_event_id", "EventPath", "event_id"),
    ("idx_type_external_id", "Type", "external_id"),
    ("idx_artifact_external_id", "Artifact", "external_id"),
    ("idx_execution_external_id", "Execution", "external_id"),
    ("idx_context_external_id", "Context", "external_id"),
)
_OWNERS = ("Artifact", "Execution", "Context")
_FIELDS = ("int", "double", "string")

OWN_INDEXES = (
    # MLMD looks contexts up by what is in them, without an index.
    ("mlops_association_execution", "Association", "execution_id"),
    ("mlops_attribution_artifact", "Attribution", "artifact_id"),
    # The newest of a type, and the newest runs of a pipeline, however many there are.
    ("mlops_artifact_type", "Artifact", "type_id, id"),
    ("mlops_execution_type", "Execution", "type_id, id"),
    ("mlops_context_type", "Context", "type_id, id"),
    ("mlops_parent_child", "ParentContext", "parent_context_id, context_id"),
)
"""Name, table and columns of the indexes that we add, which MLMD does not mind."""

_SIMPLE_TYPES = (
    ("mlmd.Dataset", Kind.ARTIFACT),
    ("mlmd.Model", Kind.ARTIFACT),
    ("mlmd.Metrics", Kind.ARTIFACT),
    ("mlmd.Statistics", Kind.ARTIFACT),
    ("mlmd.Train", Kind.EXECUTION),
    ("mlmd.Transform", Kind.EXECUTION),
    ("mlmd.Process", Kind.EXECUTION),
    ("mlmd.Evaluate", Kind.EXECUTION),
    ("mlmd.Deploy", Kind.EXECUTION),
)


class Columns(Struct, frozen=True):
    """The types of columns in a database.

    Args:
        id: of a primary key that counts up.
        time: milliseconds since 1970.
        where: a property's index names only the rows in which its field is filled.
        named: some unique constraints have names.
        prefix: after a text in an index, how much of it stands there.
    """

    id: str
    name: str
    kind: str
    flag: str
    integer: str
    time: str
    double: str
    text: str
    bytes: str
    boolean: str
    long_text: str = "TEXT"
    where: bool = True
    named: bool = False
    prefix: str = ""


SQLITE = Columns(
    id="INTEGER PRIMARY KEY AUTOINCREMENT",
    name="VARCHAR(255)",
    kind="TINYINT(1)",
    flag="TINYINT(1)",
    integer="INT",
    time="INT",
    double="DOUBLE",
    text="TEXT",
    bytes="BLOB",
    boolean="BOOLEAN",
)


POSTGRESQL = Columns(
    id="SERIAL PRIMARY KEY",
    name="VARCHAR(255)",
    kind="SMALLINT",
    flag="BOOLEAN",
    integer="INT",
    time="BIGINT",
    double="DOUBLE PRECISION",
    text="TEXT",
    bytes="BYTEA",
    boolean="BOOLEAN",
    where=False,
    named=True,
)

MYSQL = Columns(
    id="INT PRIMARY KEY AUTO_INCREMENT",
    name="VARCHAR(255)",
    kind="TINYINT(1)",
    flag="TINYINT(1)",
    integer="INT",
    time="BIGINT",
    double="DOUBLE",
    text="TEXT",
    long_text="MEDIUMTEXT",
    bytes="MEDIUMBLOB",
    boolean="BOOLEAN",
    where=False,
    named=True,
    prefix="(255)",
)

_NAMED = {
    "Artifact": ("UNIQUE(type_id, name)", "UniqueArtifactTypeName"),
    "Execution": ("UNIQUE(type_id, name)", "UniqueExecutionTypeName"),
    "Event": ("UNIQUE(artifact_id, execution_id, type)", "UniqueEvent"),
}

COUNTED = frozenset(table for table, parts in _TABLES.items() if parts[0] == "id {id}")
"""The tables that count their rows."""

FLAGS = frozenset({"is_custom_property", "is_index_step", "bool_value"})
"""The columns that are true or false."""

BYTES = frozenset({"byte_value", "proto_value"})
"""The columns that hold bytes, packed as each database does."""


def columns_of(table: str) -> tuple[str, ...]:
    """Return the names of the columns of a table."""
    names = (part.partition(" ")[0] for part in _TABLES[table])
    return tuple(name for name in names if name.islower())


def first_types() -> list[tuple[str, int]]:
    """Return name and kind of MLMD's own types, in the order of their ids."""
    return [(name, int(kind)) for name, kind in _SIMPLE_TYPES]


def statements(columns: Columns) -> Iterator[str]:
    """Yield the statements that make all tables and indexes, with MLMD's own types."""
    yield from tables(columns)
    yield from indexes(columns)
    yield from first_rows()


def tables(columns: Columns) -> Iterator[str]:
    """Yield the statements that make the tables."""
    known = structs.asdict(columns)
    types = {name: value for name, value in known.items() if isinstance(value, str)}
    for table, parts in _TABLES.items():
        whole = ", ".join(part.format(**types) for part in parts)
        if columns.named and table in _NAMED:
            rule, name = _NAMED[table]
            whole = whole.replace(rule, f"CONSTRAINT {name} {rule}")
        yield f"CREATE TABLE {table} ({whole})"


def indexes(columns: Columns) -> Iterator[str]:
    """Yield the statements that make the indexes."""
    for name, table, column in _INDEXES:
        prefix = columns.prefix if column == "uri" else ""
        yield f"CREATE INDEX {name} ON {table}({column}{prefix})"
    for owner in _OWNERS:
        for field in _FIELDS:
            where = f" WHERE {field}_value IS NOT NULL" if columns.where else ""
            prefix = columns.prefix if field == "string" else ""
            yield (
                f"CREATE INDEX idx_{owner.lower()}_property_{field} "
                f"ON {owner}Property(name, is_custom_property, {field}_value{prefix}){where}"
            )


def first_rows() -> Iterator[str]:
    """Yield the statements that write MLMD's own types, and at last the version."""
    rows = ", ".join(f"('{name}', {kind.value})" for name, kind in _SIMPLE_TYPES)
    yield f"INSERT INTO Type (name, type_kind) VALUES {rows}"
    yield f"INSERT INTO MLMDEnv (schema_version) VALUES ({VERSION})"


def index_statement(index: tuple[str, str, str]) -> str:
    """Return the statement that makes one of our own indexes."""
    name, table, columns = index
    return f"CREATE INDEX IF NOT EXISTS {name} ON {table}({columns})"
