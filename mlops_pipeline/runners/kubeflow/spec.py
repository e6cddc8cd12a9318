"""Write a compiled pipeline as a Kubeflow PipelineSpec 2.1.0, without the kfp SDK.

Format: `kfp-pipeline-spec`'s `pipeline_spec.proto` and `kubernetes_executor_config.proto`.
Every node is one container that runs driver, executor and publisher; Kubeflow keeps the order,
the retries and the pods. Conditions are not compiled: the driver decides in the container
(`node/driver.py`), and a node that is skipped ends well. So nothing of ours depends on Kubeflow's
own cache and metadata:

    root
      begin            records that the run begins, with its parameters
      nodes            a DAG of all nodes; a loop is a DAG in it, run once for each iteration
      end              when `nodes` has ended, also after a failure: runs the exit handlers one by
                       one, and records how the run ended

There is one task at the end because Kubeflow hangs it onto `nodes` as a hook, which it does for
one task only, and not for what would follow that.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_pipeline.errors import CompileError, SettingsError
from mlops_pipeline.ir import Literal, NodeIR, PipelineIR, SecretName, dump
from mlops_pipeline.run_state import BASE, FORCE, RESERVED, refuse_reserved
from mlops_pipeline.runners.kubeflow.executors import (
    ITERATION,
    NODE,
    SHADOWS,
    Executors,
    Step,
    component,
    constant,
    dag_task,
    task,
)
from mlops_pipeline.runners.kubeflow.loop_levels import Level, Member, Needs, levels
from mlops_pipeline.runners.kubeflow.options import KubeflowOptions
from mlops_pipeline.runners.kubeflow.parameter_values import definition

ITEMS = "Output"
"""Output of the tasks that find out over what a loop goes."""

ARGUMENT = 100_000
"""Bytes of one argument; Linux takes no more than 131,072 in one."""

ALWAYS = {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}
TEXT = {"parameterType": "STRING"}

OWN_TASKS = ("begin", "nodes", "end", "node")


@dataclass(frozen=True)
class _Draft:
    """The spec while it is written.

    Args:
        names: task names by node or loop; taken once each in the whole pipeline.
    """

    ir: PipelineIR
    executors: Executors
    names: dict[Member, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=lambda: set(OWN_TASKS))


def pipeline_spec(ir: PipelineIR, options: KubeflowOptions) -> tuple[dict[str, Any], ...]:
    """Return the PipelineSpec of a pipeline and its PlatformSpec, as JSON.

    Raises:
        SettingsError: the options do not fit the pipeline.
        CompileError: Kubeflow cannot run a loop of the pipeline.
        ParameterError: Kubeflow cannot hold the default of a run parameter.
    """
    options.check(ir)
    refuse_reserved(ir)
    draft = _Draft(ir, Executors(options))
    found = levels(ir)
    for level in found:
        for member in found[level]:
            _name(draft, member)
    components = draft.executors.components
    for level in sorted(found, key=len, reverse=True):
        components[_dag_name(draft, level)] = _dag(draft, level, found[level])
    root = {
        "dag": {"tasks": _root_tasks(draft)},
        **_inputs(_run_inputs(ir)),
    }
    spec = {
        "pipelineInfo": {"name": _sanitize(ir.name), **_described(ir.doc)},
        "schemaVersion": "2.1.0",
        "sdkVersion": "mlops-pipeline",
        "components": components,
        "deploymentSpec": {"executors": draft.executors.containers},
        "root": root,
    }
    pods = draft.executors.pods
    platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": pods}}}}
    return spec, platform if pods else {}


def to_yaml(ir: PipelineIR, options: KubeflowOptions) -> str:
    """Return the file that Kubeflow takes: one YAML document, or two where pods have settings.

    Written as JSON, which is YAML too: it needs no library, and its bytes are always the same.
    """
    documents = [document for document in pipeline_spec(ir, options) if document]
    texts = [json.dumps(document, indent=2, sort_keys=True) for document in documents]
    return "\n---\n".join(texts) + "\n"


def to_vertex(ir: PipelineIR, options: KubeflowOptions) -> str:
    """Return the file that Vertex AI takes: the PipelineSpec alone, for it reads one document only.

    Raises:
        CompileError: the pipeline has secrets, which Vertex AI cannot hand to its containers.
        SettingsError: there are pod settings, and Vertex AI has no pods.
    """
    if options.customize or options.secrets:
        raise SettingsError(
            "Vertex AI has no pods to set up, and no Kubernetes secrets",
            hint="leave --customize and --secret out",
        )
    for node in ir.nodes:
        for parameter in node.parameters:
            if isinstance(parameter.value, SecretName):
                raise CompileError(
                    f"{node.id} needs secret {parameter.value.name}, and Vertex AI hands out none",
                    hint="have the component read it from Secret Manager",
                )
    return json.dumps(pipeline_spec(ir, options)[0], indent=2, sort_keys=True) + "\n"


def _root_tasks(draft: _Draft) -> dict[str, Any]:
    """Begin, all nodes, the exit handlers and the end."""
    ir = draft.ir
    begin = Step(
        "begin",
        ["begin", "--ir", *_chunks(dump(ir))],
        inputs=_run_inputs(ir),
    )
    given = {name: {"componentInputParameter": name} for name in _run_inputs(ir)}
    end = Step("end", ["end"], nodes=[node for node in ir.nodes if node.on_exit])
    nodes = dag_task("nodes", _dag_name(draft, ()))
    return {
        "begin": task("begin", component(draft.executors, begin), given),
        "nodes": {**nodes, "dependentTasks": ["begin"]},
        "end": {
            **task("end", component(draft.executors, end), {}),
            "dependentTasks": ["nodes"],
            "triggerPolicy": ALWAYS,
        },
    }


def _dag(draft: _Draft, level: Level, needs: Needs) -> dict[str, Any]:
    """Return the component of a level: all nodes, or the body of a loop."""
    tasks: dict[str, Any] = {}
    for member, needed in needs.items():
        waits = sorted(_name(draft, each) for each in needed)
        if member.loop:
            tasks.update(_loop_tasks(draft, level, member, waits))
        else:
            node = _node_task(draft, draft.ir.node(member.id))
            tasks[_name(draft, member)] = {**node, **_waits(waits)}
    return {"dag": {"tasks": tasks}, **_inputs(_iteration_input(level))}


def _loop_tasks(draft: _Draft, level: Level, loop: Member, waits: list[str]) -> dict[str, Any]:
    """Return a loop, and the task that counts its items if they are not known yet."""
    name, body = _name(draft, loop), _dag_name(draft, (*level, loop.id))
    repeated = {**dag_task(loop.id, body), **_waits(waits)}
    written = draft.ir.loop(loop.id).items
    if not level and isinstance(written, Literal) and written.value:
        items = {"raw": json.dumps([str(index) for index, _ in enumerate(written.value)])}
        return {name: {**repeated, "parameterIterator": {"itemInput": ITERATION, "items": items}}}
    counting = f"items-{name}"
    # Of these names, the local runner of the kfp SDK knows what they stand for.
    found = f"pipelinechannel--{counting}-{ITEMS}"
    output = {"taskOutputParameter": {"producerTask": counting, "outputParameterKey": ITEMS}}
    count = Step(
        counting,
        ["items", "--loop", loop.id, *_iteration_arguments(level)],
        inputs=_iteration_input(level),
        outputs={"parameters": {ITEMS: {"parameterType": "LIST"}}},
    )
    counted = component(draft.executors, count)
    inputs = draft.executors.components[body]["inputDefinitions"]["parameters"]
    inputs[found] = {"parameterType": "LIST"}
    return {
        counting: {**task(counting, counted, _iteration_wiring(level)), **_waits(waits)},
        name: {
            **repeated,
            "dependentTasks": [counting],
            "inputs": {"parameters": {found: output}},
            "parameterIterator": {"itemInput": ITERATION, "items": {"inputParameter": found}},
        },
    }


def _node_task(draft: _Draft, node: NodeIR) -> dict[str, Any]:
    step = Step(
        "node",
        [
            *("node", "--node", f"{{{{$.inputs.parameters['{NODE}']}}}}"),
            *_iteration_arguments(node.loops),
        ],
        inputs={NODE: TEXT, **_iteration_input(node.loops)},
        outputs={"artifacts": SHADOWS},
        nodes=[node],
    )
    inputs = {NODE: constant(node.id), **_iteration_wiring(node.loops)}
    written = task(node.id, component(draft.executors, step), inputs)
    if node.retry.attempts > 1:
        written["retryPolicy"] = {
            "maxRetryCount": node.retry.attempts - 1,
            "backoffDuration": f"{node.retry.wait:g}s",
            "backoffFactor": node.retry.factor,
            "backoffMaxDuration": f"{node.retry.max_wait:g}s",
        }
    return written


def _run_inputs(ir: PipelineIR) -> dict[str, Any]:
    """Return the parameters of the pipeline, and those that every run on a scheduler has."""
    types: dict[str, tuple[str, Any]] = {FORCE: ("BOOLEAN", False), BASE: ("STRING", "")}
    of_runs = {}
    for name, meaning in RESERVED.items():
        kind, default = types.get(name, ("LIST", []))
        of_runs[name] = {
            "parameterType": kind,
            "isOptional": True,
            "defaultValue": default,
            "description": meaning,
        }
    return {**{p.name: definition(p) for p in ir.parameters}, **of_runs}


def _inputs(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {"inputDefinitions": {"parameters": dict(parameters)}} if parameters else {}


def _iteration_input(level: Level) -> dict[str, Any]:
    return {ITERATION: TEXT} if level else {}


def _iteration_wiring(level: Level) -> dict[str, Any]:
    return {ITERATION: {"componentInputParameter": ITERATION}} if level else {}


def _iteration_arguments(level: Level) -> list[str]:
    return ["--iteration", f"{{{{$.inputs.parameters['{ITERATION}']}}}}"] if level else []


def _waits(names: list[str]) -> dict[str, Any]:
    return {"dependentTasks": names} if names else {}


def _dag_name(draft: _Draft, level: Level) -> str:
    return f"comp-loop-{_name(draft, Member(level[-1], loop=True))}" if level else "comp-nodes"


def _name(draft: _Draft, member: Member) -> str:
    """Return a unique name for a task, in small letters as Kubernetes requires."""
    if member not in draft.names:
        wanted = _sanitize(member.id)
        number, name = 2, wanted
        # Nor one that a loop gives to its own components.
        while name in draft.taken or re.match(r"(items|loop)-", name):
            number, name = number + 1, f"node-{wanted}-{number}"
        draft.names[member] = name
        draft.taken.add(name)
    return draft.names[member]


def _sanitize(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"


def _described(doc: str) -> dict[str, str]:
    return {"description": doc.strip()} if doc.strip() else {}


def _chunks(data: bytes) -> list[str]:
    """Return compiled IR as arguments of a command."""
    text = base64.b64encode(zlib.compress(data, 9)).decode()
    return [text[start : start + ARGUMENT] for start in range(0, len(text), ARGUMENT)]
