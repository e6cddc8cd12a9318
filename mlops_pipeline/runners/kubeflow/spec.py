"""Write a compiled pipeline as a Kubeflow PipelineSpec 2.1.0, without the kfp SDK.

Format: `kfp-pipeline-spec`'s `pipeline_spec.proto` and `kubernetes_executor_config.proto`.
Every node is one container that runs driver, executor and publisher; Kubeflow keeps the order,
the retries and the pods. So nothing of ours depends on Kubeflow's own cache and metadata:

    root
      begin            records that the run begins, with its parameters
      nodes            a DAG of all nodes; a loop is a DAG in it, run once for each iteration
      <exit handlers>  when `nodes` has ended, whatever happened
      end              records how the run ended
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_pipeline.choice import BASE, FROM, ONLY, RESERVED, TO, refuse_reserved
from mlops_pipeline.ir import Literal, NodeIR, PipelineIR, Secret, dump
from mlops_pipeline.runners.kubeflow.levels import Level, Member, Needs, levels, loop_named
from mlops_pipeline.runners.kubeflow.options import KubeflowOptions
from mlops_pipeline.runners.kubeflow.values import definition

RUN_ID = "kfp-{{$.pipeline_job_uuid}}"
"""Our id of a run is Kubeflow's, so that either leads to the other."""

ITERATION = "pipelinechannel--iteration"
"""Input of every DAG and container in a loop: the place in all loops, as `0,1`."""

ITEMS = "Output"
"""Output of the tasks that find out over what a loop goes."""

ARGUMENT = 100_000
"""Bytes of one argument; Linux takes no more than 131,072 in one."""

ALWAYS = {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}


@dataclass(frozen=True)
class _Draft:
    """The spec while it is written.

    Args:
        names: task names by node id, loop id or step; taken once each in the whole pipeline.
    """

    ir: PipelineIR
    options: KubeflowOptions
    components: dict[str, Any] = field(default_factory=dict)
    executors: dict[str, Any] = field(default_factory=dict)
    pods: dict[str, Any] = field(default_factory=dict)
    names: dict[Member, str] = field(default_factory=dict)


def pipeline_spec(ir: PipelineIR, options: KubeflowOptions) -> tuple[dict[str, Any], ...]:
    """The PipelineSpec of a pipeline and its PlatformSpec, as JSON.

    Raises:
        SettingsError: the options do not fit the pipeline.
        CompileError: Kubeflow cannot run a loop of the pipeline.
    """
    options.check(ir)
    refuse_reserved(ir)
    draft = _Draft(ir, options)
    found = levels(ir)
    for level in found:
        for member in found[level]:
            _name(draft, member)
    for level in sorted(found, key=len, reverse=True):
        draft.components[_dag_name(draft, level)] = _dag(draft, level, found[level])
    root = {
        "dag": {"tasks": _root_tasks(draft)},
        **_inputs(_run_inputs(ir)),
    }
    spec = {
        "pipelineInfo": {"name": _sanitize(ir.name), **_described(ir.doc)},
        "schemaVersion": "2.1.0",
        "sdkVersion": "mlops-pipeline",
        "components": draft.components,
        "deploymentSpec": {"executors": draft.executors},
        "root": root,
    }
    platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": draft.pods}}}}
    return spec, platform if draft.pods else {}


def to_yaml(ir: PipelineIR, options: KubeflowOptions) -> str:
    """The file that Kubeflow takes: one YAML document, or two where pods have settings.

    Written as JSON, which is YAML too: it needs no library, and its bytes are always the same.
    """
    documents = [document for document in pipeline_spec(ir, options) if document]
    texts = [json.dumps(document, indent=2, sort_keys=True) for document in documents]
    return "\n---\n".join(texts) + "\n"


def _root_tasks(draft: _Draft) -> dict[str, Any]:
    """Begin, all nodes, the exit handlers one after the other, end."""
    parameters = {name: {"componentInputParameter": name} for name in _run_inputs(draft.ir)}
    begin = _step(draft, "begin", ["--ir", *_chunks(dump(draft.ir))], parameters)
    nodes = _task("nodes", _dag_name(draft, ()))
    tasks = {"begin": begin, "nodes": {**nodes, "dependentTasks": ["begin"]}}
    last = "nodes"
    for node in draft.ir.nodes:
        if node.on_exit:
            name = _name(draft, Member(node.id))
            waits = {"dependentTasks": [last], "triggerPolicy": ALWAYS}
            tasks[name] = {**_node_task(draft, node), **waits}
            last = name
    end = _step(draft, "end", [], {})
    tasks["end"] = {**end, "dependentTasks": [last], "triggerPolicy": ALWAYS}
    return tasks


def _dag(draft: _Draft, level: Level, needs: Needs) -> dict[str, Any]:
    """The component of a level: all nodes, or the body of a loop."""
    tasks: dict[str, Any] = {}
    for member, needed in needs.items():
        waits = sorted(_name(draft, each) for each in needed)
        if member.loop:
            tasks.update(_loop_tasks(draft, level, member, waits))
        else:
            task = _node_task(draft, draft.ir.node(member.id))
            tasks[_name(draft, member)] = {**task, **_waits(waits)}
    return {"dag": {"tasks": tasks}, **_inputs(_iteration_input(level))}


def _loop_tasks(draft: _Draft, level: Level, loop: Member, waits: list[str]) -> dict[str, Any]:
    """A loop, and the task that finds out how often it runs where that is not written down."""
    name = _name(draft, loop)
    task = {**_task(loop.id, _dag_name(draft, (*level, loop.id))), **_waits(waits)}
    written = loop_named(draft.ir, loop.id).items
    if not level and isinstance(written, Literal) and written.value:
        items = {"raw": json.dumps([str(index) for index, _ in enumerate(written.value)])}
        return {name: {**task, "parameterIterator": {"itemInput": ITERATION, "items": items}}}
    counting = f"items-{name}"
    # Of these names, the local runner of the kfp SDK knows what they stand for.
    found = f"pipelinechannel--{counting}-{ITEMS}"
    output = {"taskOutputParameter": {"producerTask": counting, "outputParameterKey": ITEMS}}
    arguments = ["--loop", loop.id, *_iteration_arguments(level)]
    count = _step(draft, counting, arguments, _iteration_wiring(level), command="items")
    draft.components[f"comp-{counting}"]["outputDefinitions"] = {
        "parameters": {ITEMS: {"parameterType": "LIST"}}
    }
    draft.components[_dag_name(draft, (*level, loop.id))]["inputDefinitions"]["parameters"][
        found
    ] = {"parameterType": "LIST"}
    repeated = {
        **task,
        "dependentTasks": [counting],
        "inputs": {"parameters": {found: output}},
        "parameterIterator": {"itemInput": ITERATION, "items": {"inputParameter": found}},
    }
    return {counting: {**count, **_waits(waits)}, name: repeated}


def _node_task(draft: _Draft, node: NodeIR) -> dict[str, Any]:
    name = _name(draft, Member(node.id))
    wiring = _iteration_wiring(node.loops)
    draft.components[f"comp-{name}"] = {
        "executorLabel": f"exec-{name}",
        **_inputs(_iteration_input(node.loops)),
        "outputDefinitions": {"artifacts": _SHADOWS},
    }
    arguments = ["node", "--node", node.id, *_iteration_arguments(node.loops)]
    container = {**_container(draft, arguments), **_resources(node)}
    draft.executors[f"exec-{name}"] = {"container": container}
    pod = _pod(draft, node)
    if pod:
        draft.pods[f"exec-{name}"] = pod
    task = _task(node.id, f"comp-{name}")
    if node.retry.attempts > 1:
        task["retryPolicy"] = {
            "maxRetryCount": node.retry.attempts - 1,
            "backoffDuration": f"{node.retry.wait:g}s",
            "backoffFactor": node.retry.factor,
            "backoffMaxDuration": f"{node.retry.max_wait:g}s",
        }
    return {**task, **({"inputs": {"parameters": wiring}} if wiring else {})}


_SHADOWS = {
    "card": {"artifactType": {"schemaTitle": "system.Markdown", "schemaVersion": "0.0.1"}},
    "metrics": {"artifactType": {"schemaTitle": "system.Metrics", "schemaVersion": "0.0.1"}},
}
"""What Kubeflow's own pages show of a node; the artifacts themselves are in our store only."""


def _step(
    draft: _Draft,
    name: str,
    arguments: list[str],
    wiring: Mapping[str, Any],
    command: str = "",
) -> dict[str, Any]:
    """A task that is no node of the pipeline: begin, end, or counting the items of a loop."""
    types = _run_inputs(draft.ir)
    types[ITERATION] = {"parameterType": "STRING"}
    draft.components[f"comp-{name}"] = {
        "executorLabel": f"exec-{name}",
        **_inputs({each: types[each] for each in wiring}),
    }
    container = _container(draft, [command or name, *arguments])
    draft.executors[f"exec-{name}"] = {"container": container}
    pod = draft.options.pod("*")
    if pod:
        draft.pods[f"exec-{name}"] = pod
    task = _task(name, f"comp-{name}")
    return {**task, **({"inputs": {"parameters": dict(wiring)}} if wiring else {})}


def _task(shown: str, component: str) -> dict[str, Any]:
    # Empty options say that Kubeflow's cache stays off: ours decides.
    return {
        "taskInfo": {"name": shown},
        "componentRef": {"name": component},
        "cachingOptions": {},
    }


def _container(draft: _Draft, arguments: list[str]) -> dict[str, Any]:
    options = draft.options
    environment = {**options.environment}
    for variable, value in (("MLOPS_STORE", options.store), ("MLOPS_ROOT", options.root)):
        if value:
            environment[variable] = value
    given = ["--run-id", RUN_ID, "--base-dir", options.base_dir, "--executor-input", "{{$}}"]
    container: dict[str, Any] = {
        "image": options.image,
        "command": ["python3", "-m", "mlops_pipeline.runners.kubeflow"],
        "args": [*arguments[:1], *given, *arguments[1:]],
    }
    if environment:
        container["env"] = [{"name": k, "value": v} for k, v in sorted(environment.items())]
    return container


def _resources(node: NodeIR) -> dict[str, Any]:
    asked = node.resources
    found: dict[str, Any] = {}
    if asked.cpu:
        found |= {"resourceCpuLimit": f"{asked.cpu:g}", "resourceCpuRequest": f"{asked.cpu:g}"}
    if asked.memory:
        found |= {
            "resourceMemoryLimit": str(asked.memory),
            "resourceMemoryRequest": str(asked.memory),
        }
    if asked.accelerator:
        found["accelerator"] = {
            "resourceType": asked.accelerator,
            "resourceCount": str(asked.accelerator_count or 1),
        }
    return {"resources": found} if found else {}


def _pod(draft: _Draft, node: NodeIR) -> dict[str, Any]:
    """Pod settings: secrets as variables, the time limit, and what the user adds."""
    options = draft.options
    pod = options.pod(node.id)
    secrets = {p.value.name for p in node.parameters if isinstance(p.value, Secret)}
    for name in sorted(secrets):
        secret, key = options.secrets.get(name, (options.default_secret, name))
        pod["secretAsEnv"] = [
            *pod.get("secretAsEnv", []),
            {"secretName": secret, "keyToEnv": [{"secretKey": key, "envVar": name}]},
        ]
    if node.timeout and "activeDeadlineSeconds" not in pod:
        # The pod's own time to start is not the node's: the launcher keeps the exact limit.
        pod["activeDeadlineSeconds"] = str(int(node.timeout) + 600)
    if node.labels and "podMetadata" not in pod:
        pod["podMetadata"] = {"annotations": dict(sorted(node.labels.items()))}
    return pod


def _run_inputs(ir: PipelineIR) -> dict[str, Any]:
    """The parameters of the pipeline, and those that say what a partial run is about."""
    nodes = {"parameterType": "LIST", "isOptional": True, "defaultValue": []}
    base = {"parameterType": "STRING", "isOptional": True, "defaultValue": ""}
    of_runs = {
        name: {**(base if name == BASE else nodes), "description": RESERVED[name]}
        for name in (FROM, TO, ONLY, BASE)
    }
    return {**{p.name: definition(p) for p in ir.parameters}, **of_runs}


def _inputs(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {"inputDefinitions": {"parameters": dict(parameters)}} if parameters else {}


def _iteration_input(level: Level) -> dict[str, Any]:
    return {ITERATION: {"parameterType": "STRING"}} if level else {}


def _iteration_wiring(level: Level) -> dict[str, Any]:
    return {ITERATION: {"componentInputParameter": ITERATION}} if level else {}


def _iteration_arguments(level: Level) -> list[str]:
    return ["--iteration", f"{{{{$.inputs.parameters['{ITERATION}']}}}}"] if level else []


def _waits(names: list[str]) -> dict[str, Any]:
    return {"dependentTasks": names} if names else {}


def _dag_name(draft: _Draft, level: Level) -> str:
    return f"comp-loop-{_name(draft, Member(level[-1], loop=True))}" if level else "comp-nodes"


def _name(draft: _Draft, member: Member) -> str:
    """The name of a task: in small letters, as Kubernetes wants them, and the only one so named."""
    if member not in draft.names:
        taken: Iterable[str] = draft.names.values()
        wanted = _sanitize(member.id)
        reserved = {"begin", "nodes", "end"}
        number, name = 2, wanted
        # Nor one that a loop gives to its own components.
        while name in taken or name in reserved or re.match(r"(items|loop)-", name):
            number, name = number + 1, f"node-{wanted}-{number}"
        draft.names[member] = name
    return draft.names[member]


def _sanitize(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"


def _described(doc: str) -> dict[str, str]:
    return {"description": doc.strip()} if doc.strip() else {}


def _chunks(data: bytes) -> list[str]:
    """Compiled IR as arguments of a command."""
    text = base64.b64encode(zlib.compress(data, 9)).decode()
    return [text[start : start + ARGUMENT] for start in range(0, len(text), ARGUMENT)]
