"""Requests in the form that Kubeflow's own client of ML Metadata makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

pytestmark = pytest.mark.mlmd

Ask = Callable[..., Any]


@pytest.fixture
def run(ask: Ask) -> pb.Context:
    """The context of a run below that of its pipeline, put as by the first task of a run."""
    made = []
    for kind, name in (("system.Pipeline", "pets"), ("system.PipelineRun", "run-1")):
        # Nothing is there yet, which is no error for a context, and one for its type.
        missing = ask("GetContextByTypeAndName", type_name=kind, context_name=name)
        assert not missing.HasField("context")
        assert ask("GetContextType", type_name=kind)[0] == "NOT_FOUND"
        type_id = ask("PutContextType", context_type=pb.ContextType(name=kind)).type_id
        properties = {"namespace": pb.Value(string_value="ns")}
        context = pb.Context(name=name, type_id=type_id, custom_properties=properties)
        ask("PutContexts", contexts=[context])
        made.append(ask("GetContextByTypeAndName", type_name=kind, context_name=name).context)
    pipeline, found = made
    assert not ask("GetParentContextsByContext", context_id=found.id).contexts
    link = pb.ParentContext(child_id=found.id, parent_id=pipeline.id)
    ask("PutParentContexts", parent_contexts=[link])
    (parent,) = ask("GetParentContextsByContext", context_id=found.id).contexts
    assert parent.id == pipeline.id
    return found


def put_task(ask: Ask, run: pb.Context, task: str, dag: int = 0, name: str = "") -> Any:
    """Record a task of a run; types are put again each time."""
    kind = ask("PutExecutionType", execution_type=pb.ExecutionType(name="system.DAGExecution"))
    properties = {"task_name": pb.Value(string_value=task)}
    if dag:
        properties["parent_dag_id"] = pb.Value(int_value=dag)
    execution = pb.Execution(
        type_id=kind.type_id,
        last_known_state=pb.Execution.RUNNING,
        custom_properties=properties,
        **({"name": name} if name else {}),
    )
    return ask("PutExecution", execution=execution, contexts=[run])


def tasks_of(ask: Ask, run: pb.Context, query: str) -> list[str]:
    """Page through tasks; query and token are sent where they are empty, too."""
    found, token = [], ""
    while True:
        options = pb.ListOperationOptions(filter_query=query, next_page_token=token)
        assert options.HasField("filter_query")
        page = ask("GetExecutionsByContext", context_id=run.id, options=options)
        found += [each.custom_properties["task_name"].string_value for each in page.executions]
        token = page.next_page_token
        if not token:
            return found


def test_tasks_of_a_dag_are_found_on_all_pages(ask: Ask, run: pb.Context) -> None:
    root = put_task(ask, run, "").execution_id
    inner = put_task(ask, run, "inner", root).execution_id
    of_inner = [f"t{number}" for number in range(45)]
    for task in of_inner:
        put_task(ask, run, task, inner)
    query = f"custom_properties.parent_dag_id.int_value = {inner}"
    assert sorted(tasks_of(ask, run, query)) == sorted(of_inner)
    assert sorted(tasks_of(ask, run, "")) == sorted(["", "inner", *of_inner])


def test_a_name_of_an_execution_is_given_once(ask: Ask, run: pb.Context) -> None:
    first = put_task(ask, run, "", name="run/run-1").execution_id
    assert put_task(ask, run, "", name="run/run-1")[0] == "ALREADY_EXISTS"
    wanted = {"type_name": "system.DAGExecution", "execution_name": "run/run-1"}
    assert ask("GetExecutionByTypeAndName", **wanted).execution.id == first
    other = ask("GetExecutionByTypeAndName", **{**wanted, "execution_name": "run/none"})
    assert not other.HasField("execution")
    other = ask("GetExecutionByTypeAndName", type_name="system.None", execution_name="run/none")
    assert not other.HasField("execution")


def test_what_is_put_twice_at_once_is_already_there(ask: Ask, run: pb.Context) -> None:
    again = pb.Context(name=run.name, type_id=run.type_id)
    assert ask("PutContexts", contexts=[again])[0] == "ALREADY_EXISTS"
    (parent,) = ask("GetParentContextsByContext", context_id=run.id).contexts
    link = pb.ParentContext(child_id=run.id, parent_id=parent.id)
    assert ask("PutParentContexts", parent_contexts=[link])[0] == "ALREADY_EXISTS"


def test_an_execution_is_put_back_as_it_was_read(ask: Ask, run: pb.Context) -> None:
    made = put_task(ask, run, "task").execution_id
    (execution,) = ask("GetExecutionsByID", execution_ids=[made]).executions
    execution.custom_properties["pod_name"].string_value = "pod"
    execution.custom_properties["inputs"].struct_value.update({"text": "x" * 9000, "none": None})
    # With the type's name and the times that it was read with.
    ask("PutExecution", execution=execution)
    (again,) = ask("GetExecutionsByID", execution_ids=[made]).executions
    assert again.custom_properties == execution.custom_properties
    (context,) = ask("GetContextsByExecution", execution_id=made).contexts
    assert context.id == run.id


def test_unknown_ids_answer_with_nothing(ask: Ask) -> None:
    assert not ask("GetExecutionsByID", execution_ids=[1 << 40]).executions
    assert not ask("GetEventsByArtifactIDs", artifact_ids=[1 << 40]).events
    assert not ask("GetArtifactsByURI", uris=["minio://none"]).artifacts
    assert not ask("GetArtifactsByID", artifact_ids=[]).artifacts
