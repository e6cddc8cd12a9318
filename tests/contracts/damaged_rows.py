"""Kinds of damage in the tables of a store, and what is said of each."""

from __future__ import annotations

import base64
import json
import sqlite3
from typing import Any, NamedTuple

from mlops_metadata.layout.rows import Proto
from mlops_metadata.layout.wire import read_any, read_text, write_any, write_text


class Damage(NamedTuple):
    """A statement that damages a store, and where what is said of it.

    Args:
        command: the first words of the command that names it.
        named: what that command says.
        others: which commands may end with exit code 2, as what they ask for is gone.
    """

    statement: str
    command: str = ""
    named: str = ""
    others: tuple[str, ...] = ()


_ARTIFACT = "INSERT INTO ArtifactProperty (artifact_id, name, is_custom_property, "
_EXECUTION = "INSERT OR REPLACE INTO ExecutionProperty (execution_id, name, is_custom_property, "
_VALUE = "UPDATE ArtifactProperty SET int_value=NULL, string_value=NULL, proto_value=NULL, "
_OF_RUN = "WHERE context_id={run} AND name='mlops."

KINDS: dict[str, Damage] = {
    "an artifact that is gone": Damage(
        "DELETE FROM Artifact WHERE id = {model}",
        "show",
        "artifact {model}: its row is gone",
        ("lineage",),
    ),
    "an execution that is gone": Damage(
        "DELETE FROM Execution WHERE id = {train}", "lineage", "(not in the store)", ("why", "node")
    ),
    "events that lead nowhere": Damage(
        "INSERT INTO Event (artifact_id, execution_id, type) "
        "VALUES (900, {train}, 4), ({model}, 901, 3), (902, 903, 4)",
        "show",
        "artifact 900: its row is gone",
    ),
    "an event with a text for an id": Damage(
        "INSERT INTO Event (artifact_id, execution_id, type) VALUES ('abc', {train}, 4)"
    ),
    "an event of no kind": Damage("UPDATE Event SET type=99 WHERE execution_id={train}"),
    "an event of a kind in words": Damage("UPDATE Event SET type='x' WHERE artifact_id={model}"),
    "events without paths": Damage("DELETE FROM EventPath"),
    "paths of bytes": Damage("UPDATE EventPath SET step_key=x'ff' WHERE is_index_step=0"),
    "paths that are no text": Damage(
        "UPDATE EventPath SET step_key=CAST(x'edb080' AS TEXT) WHERE is_index_step=0"
    ),
    "a text for a number": Damage(
        f"{_VALUE} int_value='abc' WHERE artifact_id={{model}}",
        "artifacts",
        "property 'mlops.digest' is 'abc'",
    ),
    "a text for a fraction": Damage(
        f"{_VALUE} double_value='abc' WHERE artifact_id={{model}}", "artifacts", "is 'abc'"
    ),
    "bytes for a text": Damage(
        f"{_VALUE} string_value=x'ff00fe' WHERE artifact_id={{model}}",
        "artifacts",
        "is b'\\xff\\x00\\xfe'",
    ),
    "a text that is no Unicode": Damage(
        f"{_VALUE} string_value=CAST(x'61edb08062' AS TEXT) WHERE artifact_id={{model}}"
    ),
    "a message that is none": Damage(f"{_VALUE} proto_value='!!' WHERE artifact_id={{model}}"),
    "a property that is empty": Damage(
        f"{_VALUE} bool_value=NULL WHERE artifact_id={{model}}", "artifacts", "digest is None"
    ),
    "a property whose name is bytes": Damage(
        f"{_ARTIFACT} string_value) VALUES ({{model}}, x'ff', 1, 'a')"
    ),
    "a NUL in a property": Damage(
        f"{_ARTIFACT} string_value) VALUES ({{model}}, 'x', 1, 'a'||char(0)||'b')"
    ),
    "a time without an end": Damage(
        f"{_ARTIFACT} double_value) VALUES ({{model}}, 'mlops.created', 1, 9e999)",
        "artifacts",
        "created is inf",
    ),
    "an odd note of a removal": Damage(
        f"{_ARTIFACT} string_value) VALUES ({{model}}, 'mlops.deleted', 1, 'abc')",
        "artifacts",
        "deleted is 'abc'",
    ),
    "an artifact whose type is gone": Damage(
        "DELETE FROM Type WHERE name='Model'", "show", "its type", ("lineage",)
    ),
    "an artifact without a type": Damage(
        "UPDATE Artifact SET type_id=0 WHERE id={model}", "show", "its type 0 is gone"
    ),
    "an artifact with a type in words": Damage(
        "UPDATE Artifact SET type_id='abc' WHERE id={model}", "show", "type_id is 'abc'"
    ),
    "a type that is no Unicode": Damage(
        "UPDATE Type SET name=CAST(x'edb080' AS TEXT) WHERE name='Model'", others=("lineage",)
    ),
    "an artifact without a place": Damage(
        "UPDATE Artifact SET uri=NULL WHERE id={model}", "verify", "it has no URI"
    ),
    "an artifact whose place is bytes": Damage(
        "UPDATE Artifact SET uri=x'ff00' WHERE id={model}", "verify", "uri is b'\\xff\\x00'"
    ),
    "an artifact with a NUL in its place": Damage(
        "UPDATE Artifact SET uri='/a'||char(0)||'b' WHERE id={model}",
        "verify",
        "its URI is '/a\\x00b'",
    ),
    "an artifact whose place is no Unicode": Damage(
        "UPDATE Artifact SET uri=CAST(x'2f61edb080' AS TEXT) WHERE id={model}"
    ),
    "an artifact in no known state": Damage(
        "UPDATE Artifact SET state=99 WHERE id={model}", "lineage", "state is 99"
    ),
    "an artifact whose state is a word": Damage(
        "UPDATE Artifact SET state='abc' WHERE id={model}", "lineage", "state is 'abc'"
    ),
    "an artifact made at no time": Damage(
        "UPDATE Artifact SET create_time_since_epoch='abc' WHERE id={model}",
        "artifacts",
        "create_time_since_epoch is 'abc'",
    ),
    "an execution whose type is gone": Damage(
        "DELETE FROM Type WHERE name LIKE '%Train' AND type_kind=0", "show", "its type"
    ),
    "an execution in no known state": Damage(
        "UPDATE Execution SET last_known_state=99 WHERE id={train}",
        "show",
        "execution {train}: last_known_state is 99",
    ),
    "an execution whose state is a word": Damage(
        "UPDATE Execution SET last_known_state='abc' WHERE id={train}",
        "show",
        "last_known_state is 'abc'",
    ),
    "an execution with an odd word for its state": Damage(
        f"{_EXECUTION} string_value) VALUES ({{train}}, 'mlops.state', 1, 'zzz')",
        "show",
        "state is 'zzz'",
    ),
    "an execution in no context": Damage(
        "DELETE FROM Association WHERE execution_id={train}", others=("why", "node")
    ),
    "an execution whose record is no message": Damage(
        "UPDATE ExecutionProperty SET proto_value='!!' "
        "WHERE execution_id={train} AND name='mlops.record'",
        "show",
        "record is '!!'",
    ),
    "an execution whose record is gone": Damage(
        "DELETE FROM ExecutionProperty WHERE execution_id={train} AND name='mlops.record'",
        "show",
        "its mlops.record is gone",
    ),
    "an execution whose node is a number": Damage(
        "UPDATE ExecutionProperty SET string_value=NULL, int_value=7 "
        "WHERE execution_id={train} AND name='mlops.node_id'",
        "show",
        "node_id is 7",
        ("why", "node"),
    ),
    "an execution with odd schemas": Damage(
        f"{_EXECUTION} string_value) VALUES ({{train}}, '__schema__steps__', 1, '{{{{')"
    ),
    "an execution with a NUL in its reason": Damage(
        f"{_EXECUTION} string_value) VALUES ({{train}}, 'mlops.reason', 1, 'a'||char(0)||'b')"
    ),
    "an execution that was last heard of at no time": Damage(
        "UPDATE Execution SET last_update_time_since_epoch='abc' WHERE id={train}",
        "show",
        "last_update_time_since_epoch is 'abc'",
    ),
    "a run in no known state": Damage(
        f"UPDATE ContextProperty SET string_value='zzz' {_OF_RUN}state'",
        "runs",
        "run {name}: state is 'zzz'",
    ),
    "a run without properties": Damage("DELETE FROM ContextProperty WHERE context_id={run}"),
    "a run that began at no time": Damage(
        "UPDATE ContextProperty SET string_value='abc', double_value=NULL, proto_value=NULL "
        f"{_OF_RUN}started'",
        "runs",
        "started is 'abc'",
    ),
    "a run of a number": Damage(
        f"UPDATE ContextProperty SET string_value=NULL, int_value=5 {_OF_RUN}pipeline'",
        "runs",
        "pipeline is 5",
    ),
    "a run with an odd process": Damage(
        f"UPDATE ContextProperty SET string_value=NULL, int_value=5 {_OF_RUN}property.process'"
    ),
    "a run with an odd parameter": Damage(
        "INSERT INTO ContextProperty (context_id, name, is_custom_property, double_value) "
        "VALUES ({run}, 'p', 1, 'abc')",
        "runs",
        "property 'p' is 'abc'",
    ),
    "a run whose name is no Unicode": Damage(
        "UPDATE Context SET name=CAST(x'61edb080' AS TEXT) WHERE id={run}",
        others=("show", "why", "node", "verify"),
    ),
    "a run whose name is bytes": Damage(
        "UPDATE Context SET name=x'ff' WHERE id={run}",
        "runs",
        "name is b'\\xff'",
        ("show", "why", "node", "verify"),
    ),
    "documents that are gone": Damage("DELETE FROM ContextProperty WHERE name='mlops.text'"),
}
"""Damage by its name: what is said, and by which command."""

RECORDS: dict[str, tuple[str, Any, str]] = {
    "iteration": ("iteration", "abc", "iteration is 'abc'"),
    "nested iteration": ("iteration", [{}], "iteration is [{}]"),
    "attempt": ("attempt", "x", "attempt is 'x'"),
    "start": ("started", float("inf"), "started is inf"),
    "start in words": ("started", "x", "started is 'x'"),
    "end": ("finished", {}, "finished is {}"),
    "properties": ("properties", [1], "properties is [1]"),
    "no properties": ("properties", None, "properties is None"),
    "run": ("run_id", [1], "run_id is [1]"),
    "pipeline": ("pipeline", 5, "pipeline is 5"),
    "manifest": ("manifest", "{{", ""),
    "manifest of a list": ("manifest", "[1]", ""),
    "log": ("log", [1], "log is [1]"),
    "process": ("properties", {"process": 5, "lease": "x", "seal": 5, "observed": 5}, ""),
    "gate": ("properties", {"gate": [1]}, "its gate cannot be read"),
    "findings": ("properties", {"gate": {"findings": 5}}, "its gate cannot be read"),
    "half of a character": ("host", "\udc80", ""),
}
"""Odd fields of the record of an execution: the field, its value, and what `show` says."""


def change_record(connection: sqlite3.Connection, execution: int, field: str, value: Any) -> None:
    """Put another value into a field of the record of an execution."""
    where = f"WHERE execution_id = {execution} AND name = 'mlops.record'"
    query = f"SELECT proto_value FROM ExecutionProperty {where}"
    ((stored,),) = connection.execute(query).fetchall()
    kept = read_any(base64.b64decode(stored))
    text = json.dumps({**json.loads(read_text(kept.data)), field: value})
    new = base64.b64encode(write_any(Proto(kept.type_url, write_text(text)))).decode()
    connection.execute(f"UPDATE ExecutionProperty SET proto_value = ? {where}", (new,))
