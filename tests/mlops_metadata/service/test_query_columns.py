from __future__ import annotations

import pytest

from mlops_metadata.service.kinds import ARTIFACT, CONTEXT, EXECUTION, NodeKind
from mlops_metadata.service.query_columns import MOST, QueryColumns
from mlops_metadata.service.query_words import words
from mlops_metadata.service.refused import RefusedError

pytestmark = pytest.mark.mlmd


def column(kind: NodeKind, name: str) -> tuple[str, str]:
    found = QueryColumns(kind).named(words(name)[0])
    return found.sql, found.type


@pytest.mark.parametrize(
    ("kind", "name", "found"),
    [
        (ARTIFACT, "URI", ("n.uri", "STRING")),
        (ARTIFACT, "`state`", ("n.state", "ENUM")),
        (EXECUTION, "type", ("t1.name", "STRING")),
        (EXECUTION, "events_0.artifact_id", ("t1.artifact_id", "INT64")),
        (EXECUTION, "contexts_A.name", ("t1.name", "STRING")),
        (CONTEXT, "artifacts_a.state", ("t1.state", "ENUM")),
        (CONTEXT, "parent_contexts_p.type", ("t2.name", "STRING")),
        (CONTEXT, "custom_properties.x.bool_value", ("t1.bool_value", "BOOL")),
    ],
)
def test_names_are_columns(kind: NodeKind, name: str, found: tuple[str, str]) -> None:
    assert column(kind, name) == found


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (CONTEXT, "uri"),
        (ARTIFACT, "last_known_state"),
        (ARTIFACT, "contexts_.name"),
        (ARTIFACT, "contexts_a.uri"),
        (ARTIFACT, "parent_contexts_a.id"),
        (CONTEXT, "events_a.type"),
        (ARTIFACT, "events_0.artifact_id"),
        (ARTIFACT, "properties.x.other"),
        (ARTIFACT, "sqlite_master.name"),
    ],
)
def test_unknown_names_are_refused(kind: NodeKind, name: str) -> None:
    with pytest.raises(RefusedError, match=r"\[at 1:1\]$"):
        column(kind, name)


def test_a_neighbour_is_joined_once_and_property_names_are_values() -> None:
    columns = QueryColumns(ARTIFACT)
    for name in ("contexts_a.id", "contexts_a.name", "properties.`x' OR 1 --`.int_value"):
        columns.named(words(name)[0])
    joins, values = columns.joins
    assert joins.count("JOIN Context ") == 1
    assert values == ["x' OR 1 --", False]
    assert "OR 1" not in joins


def test_a_query_joins_so_many_tables_and_no_more() -> None:
    columns = QueryColumns(ARTIFACT)
    for number in range(MOST):
        columns.named(words(f"contexts_{number}.id")[0])
    with pytest.raises(RefusedError, match="more than 20 neighbours"):
        columns.named(words("contexts_more.id")[0])
