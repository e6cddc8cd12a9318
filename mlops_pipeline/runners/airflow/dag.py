"""Compiled pipelines as Airflow DAGs and task groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Asset, Param, TaskGroup, TriggerRule

from mlops_pipeline.ir import Literal, NodeIR, PipelineIR, QueryIR, SecretName
from mlops_pipeline.ir_check import load_file
from mlops_pipeline.ir_graph import dependencies, loop_dependencies
from mlops_pipeline.run_state import BASE, FORCE, RESERVED, refuse_reserved
from mlops_pipeline.runners.airflow.client import END
from mlops_pipeline.runners.airflow.config import HERE, ExecutionConfig, NodeConfig
from mlops_pipeline.runners.airflow.ir_files import beside_dag_file
from mlops_pipeline.runners.airflow.operators import (
    ALARM_TYPES,
    EndRunOperator,
    LoopItemsOperator,
    NodeOperator,
    asset,
)
from mlops_pipeline.runners.airflow.other_environment import refuse_other_environment

ASSET_TYPES = ("Examples", "PushedModel", *ALARM_TYPES)
"""Artifact types that become asset events in Airflow: datasets, models in service, alarms."""

SLACK = 60.0
"""Seconds that Airflow waits beyond a node's own time limit, which the launcher keeps."""


@dataclass(frozen=True)
class _Plan:
    """Input for building a DAG."""

    ir: PipelineIR
    file: str
    execution: ExecutionConfig
    nodes: Sequence[NodeConfig]
    span: str
    parameters: Mapping[str, Any]
    scope: str = ""
    tasks: dict[str, Any] = field(default_factory=dict)

    def step(self, node_id: str = "") -> dict[str, Any]:
        """Return arguments of every operator, for a node those of the user too."""
        fitting = [config for config in self.nodes if node_id and config.fits(node_id)]
        execution = self.execution
        arguments: dict[str, Any] = {}
        for config in fitting:
            arguments |= config.arguments
            execution = config.execution or execution
        file = {"ir_file": self.file, "scope": self.scope}
        return {**file, "execution": execution, **arguments}

    def values(self) -> dict[str, Any]:
        """Return arguments of the operators that know the run parameters."""
        return {
            "parameters": dict(self.parameters),
            "known": [parameter.name for parameter in self.ir.parameters],
            "span": self.span,
        }


class PipelineDag(DAG):
    """A DAG that runs a compiled pipeline: one task a node.

    Args:
        file: IR that `mlops compile` wrote; a relative path begins beside the DAG file.
        execution: where the nodes run.
        nodes: arguments of the operators of some nodes.
        span: run parameter that takes the day of the data interval, in days since 1970-01-01, so
            that a backfill runs one span for each interval.
        dag: arguments of `airflow.sdk.DAG`: schedule, start_date, callbacks, deadline, tags.

    Raises:
        CompileError: the file is not there, or not IR.
    """

    def __init__(
        self,
        file: str | Path,
        *,
        execution: ExecutionConfig = HERE,
        nodes: Sequence[NodeConfig] = (),
        span: str = "",
        **dag: Any,
    ) -> None:
        ir, path = _read(file)
        dag.setdefault("dag_id", ir.name)
        dag.setdefault("doc_md", f"{ir.doc}\n\nCompiled pipeline: `{path.name}`")
        users = dag.pop("params", {})
        super().__init__(**dag)
        with self:
            plan = _Plan(ir, str(path), execution, nodes, span, {})
            self.node_tasks: dict[str, Any] = _build(plan)
        # Not before: each task would copy them, and be written with them.
        self.params = {**parameters(ir), **run_parameters(ir), **users}


class PipelineTaskGroup(TaskGroup):
    """A compiled pipeline inside a DAG of the user's.

    Args:
        file: IR that `mlops compile` wrote; a relative path begins beside the DAG file.
        parameters: values of run parameters, templates too; those of the DAG with the same name
            hold for the rest.
        group: arguments of `airflow.sdk.TaskGroup`.

    `node_tasks["Trainer"]` is the task of a node, to be wired with others.
    """

    def __init__(
        self,
        file: str | Path,
        *,
        execution: ExecutionConfig = HERE,
        nodes: Sequence[NodeConfig] = (),
        span: str = "",
        parameters: Mapping[str, Any] | None = None,
        **group: Any,
    ) -> None:
        ir, path = _read(file)
        group.setdefault("group_id", ir.name)
        super().__init__(**group)
        with self:
            given = dict(parameters or {})
            plan = _Plan(ir, str(path), execution, nodes, span, given, str(self.group_id))
            self.node_tasks: dict[str, Any] = _build(plan)


def pipeline_asset(pipeline: str, node: str, output: str) -> Asset:
    """Return the asset that changes when a node writes a new dataset or pushes a model.

    >>> PipelineDag("monitor.json", schedule=[pipeline_asset("penguin", "Pusher", "pushed_model")])
    """
    return asset(f"{pipeline}/{node}/{output}")


def parameters(ir: PipelineIR) -> dict[str, Param]:
    """Return the run parameters of a pipeline, as the trigger form asks for them."""
    found = {}
    for each in ir.parameters:
        schema = {key: value for key, value in each.schema.items() if key != "default"}
        if schema.get("format") == "path":
            # Airflow's forms know other formats.
            schema.pop("format")
        if not each.required and each.default is None:
            kind = schema.get("type", [])
            kinds = [kind] if isinstance(kind, str) else list(kind)
            schema |= {"type": [*kinds, "null"]} if kinds and "null" not in kinds else {}
        default = {} if each.required else {"default": each.default}
        found[each.name] = Param(**default, description=each.doc or None, schema=schema)
    return found


def run_parameters(ir: PipelineIR) -> dict[str, Param]:
    """Return the parameters of every run: use of the cache, and selection of nodes.

    Raises:
        CompileError: the pipeline has a parameter of the same name.
    """
    refuse_reserved(ir)
    ids = [node.id for node in ir.nodes]
    groups = {
        ".".join(node.group[:depth]) for node in ir.nodes for depth, _ in enumerate(node.group, 1)
    }
    names = [*ids, *sorted(groups)]
    nodes = {"type": "array", "items": {"type": "string", "enum": names}, "examples": names}
    found = {}
    for name, meaning in RESERVED.items():
        schema: Any = {FORCE: {"type": "boolean"}, BASE: {"type": "string"}}.get(name, nodes)
        default: Any = {FORCE: False, BASE: ""}.get(name, [])
        found[name] = Param(default, meaning, schema=schema, section="How it is run")
    return found


def _read(file: str | Path) -> tuple[PipelineIR, Path]:
    path = beside_dag_file(file)
    stat = path.stat() if path.exists() else None
    return _cached(path, (stat.st_mtime_ns, stat.st_size) if stat else (0, 0)), path


@lru_cache(maxsize=256)
def _cached(path: Path, stamp: tuple[int, int]) -> PipelineIR:
    return load_file(path)


def _build(plan: _Plan) -> dict[str, Any]:
    """Make the tasks of all nodes and wire them; tasks by node id."""
    ir = plan.ir
    edges = dependencies(ir)
    groups: dict[tuple[str, ...], Any] = {}
    counts: dict[tuple[str, ...], Any] = {}
    for node in ir.nodes:
        execution = plan.step(node.id)["execution"]
        if execution.mode == "in_process":
            refuse_other_environment(node, execution, plan.file)
        if node.loops and node.loops not in counts and not _written(ir, node.loops):
            counts[node.loops] = LoopItemsOperator(
                task_id="items_" + "_".join(node.loops),
                loops=node.loops,
                trigger_rule=TriggerRule.ALL_DONE if node.on_exit else TriggerRule.NONE_FAILED,
                **plan.step(),
                **plan.values(),
            )
        plan.tasks[node.id] = _in_group(plan, node, groups, counts)
    for node in ir.nodes:
        for needed in sorted(edges[node.id]):
            plan.tasks[needed] >> plan.tasks[node.id]
    for loops, count in counts.items():
        inside = {node.id for node in ir.nodes if node.loops[: len(loops)] == loops}
        for needed in sorted(loop_dependencies(ir, loops) - inside):
            plan.tasks[needed] >> count
    _end(plan)
    return plan.tasks


def _end(plan: _Plan) -> None:
    """Add the exit handlers, one after the other, after all other tasks; then the run's end."""
    last = [plan.tasks[node.id] for node in plan.ir.nodes if not node.on_exit]
    for node in plan.ir.nodes:
        if node.on_exit:
            last >> plan.tasks[node.id]
            last = [plan.tasks[node.id]]
    rule = TriggerRule.ALL_DONE
    last >> EndRunOperator(task_id=END, trigger_rule=rule, **plan.step())


def _in_group(plan: _Plan, node: NodeIR, groups: dict[Any, Any], counts: Mapping[Any, Any]) -> Any:
    """Return the task of a node, in the task groups of its sub-pipelines."""
    parent = None
    for depth, name in enumerate(node.group, start=1):
        path = node.group[:depth]
        if path not in groups:
            groups[path] = TaskGroup(group_id=name, parent_group=parent)
        parent = groups[path]
    inside = node.id.removeprefix(".".join(node.group) + ".") if node.group else node.id
    return _task(plan, node, inside, parent, counts)


def _task(plan: _Plan, node: NodeIR, task_id: str, parent: Any, counts: Mapping[Any, Any]) -> Any:
    common: dict[str, Any] = {
        "task_id": task_id,
        "retries": node.retry.attempts - 1,
        "retry_delay": timedelta(seconds=node.retry.wait),
        "retry_exponential_backoff": node.retry.factor if node.retry.factor != 1 else 0,
        "max_retry_delay": timedelta(seconds=node.retry.max_wait),
        "trigger_rule": TriggerRule.ALL_DONE if node.on_exit else TriggerRule.NONE_FAILED,
        "doc_md": node.doc or None,
        **({"task_group": parent} if parent is not None else {}),
        **({"execution_timeout": _limit(node)} if node.timeout else {}),
        **_assets(plan.ir, node),
        **plan.values(),
        **plan.step(node.id),
        "pipeline_node": node.id,
        "asked": _asked(node) if plan.step(node.id)["execution"].mode == "pod" else {},
        "secrets": [p.value.name for p in node.parameters if isinstance(p.value, SecretName)],
        "assets": _asset_names(plan.ir, node),
    }
    if not node.loops:
        return NodeOperator(**common)
    items = counts[node.loops].output if node.loops in counts else _written(plan.ir, node.loops)
    return NodeOperator.partial(**common).expand(iteration=items)


def _asked(node: NodeIR) -> dict[str, Any]:
    """Return the resources that a node needs."""
    asked = node.resources
    given = {"cpu": asked.cpu, "memory": asked.memory, "accelerator": asked.accelerator}
    return {**given, "count": asked.accelerator_count}


def _limit(node: NodeIR) -> timedelta:
    return timedelta(seconds=(node.timeout or 0) + SLACK)


def _asset_names(ir: PipelineIR, node: NodeIR) -> dict[str, str]:
    """Return the assets that a node changes, by output."""
    return {
        output.name: f"{ir.name}/{node.id}/{output.name}"
        for output in node.outputs
        if output.type in ASSET_TYPES
    }


def _assets(ir: PipelineIR, node: NodeIR) -> dict[str, Any]:
    """Return outlets for datasets and pushed models, inlets for outputs of other pipelines."""
    outlets = [asset(name) for name in _asset_names(ir, node).values()]
    inlets = []
    for source in (source for each in node.inputs for source in each.sources):
        if isinstance(source, QueryIR):
            named = [source.arguments.get(key) for key in ("pipeline", "node", "output")]
            texts = [each.value for each in named if isinstance(each, Literal) and each.value]
            if len(texts) == 3:
                inlets.append(pipeline_asset(*texts))
    return {"outlets": outlets, "inlets": inlets}


def _written(ir: PipelineIR, loops: tuple[str, ...]) -> list[str]:
    """Return the iterations of a loop that is written down in the pipeline; empty for others."""
    loop = ir.loop(loops[0])
    if len(loops) > 1 or not isinstance(loop.items, Literal):
        return []
    return [str(index) for index, _ in enumerate(loop.items.value)]
