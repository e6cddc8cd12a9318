"""Containers, pods and components of a PipelineSpec: equal ones are written once.

Kubeflow copies every component and container into one Kubernetes object with its own limits of
size. So what is different for each node (its name) goes in as an input, and all nodes that ask for
the same share a container. Kubeflow knows components by their container: two that share one must
be the same in everything else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_pipeline.ir import NodeIR, SecretName
from mlops_pipeline.runners.kubeflow.options import KubeflowOptions

RUN, NODE, ITERATION = "mlops--run", "mlops--node", "pipelinechannel--iteration"
"""Inputs of our containers: Kubeflow's id of the run, a node, its iteration as `0,1`."""

RUN_ID = f"kfp-{{{{$.inputs.parameters['{RUN}']}}}}"
"""Our id of a run is Kubeflow's, so that either leads to the other."""

_JOB = "{{$.pipeline_job_uuid}}"
"""Kubeflow fills this in only where it is all of an input; the SDK's local runner, everywhere."""

GRACE = 600
"""Seconds that a pod has beyond the time limit of its node: for its start."""

SHADOWS = {
    "card": {"artifactType": {"schemaTitle": "system.Markdown", "schemaVersion": "0.0.1"}},
    "metrics": {"artifactType": {"schemaTitle": "system.Metrics", "schemaVersion": "0.0.1"}},
}
"""Outputs for Kubeflow's own pages; the artifacts themselves are only in our store."""


@dataclass(frozen=True)
class Executors:
    """Components and containers of a pipeline's tasks, while it is written."""

    options: KubeflowOptions
    components: dict[str, Any] = field(default_factory=dict)
    containers: dict[str, Any] = field(default_factory=dict)
    pods: dict[str, Any] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One container: the arguments of our entry point, its inputs and outputs.

    Args:
        inputs: definitions of parameters, beside the run's id.
        nodes: whose secrets, resources and settings the pod has.
    """

    name: str
    arguments: Sequence[str]
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    nodes: Sequence[NodeIR] = ()


def component(draft: Executors, step: Step) -> str:
    """Return the name of the component for a step; an equal one is used again."""
    container = {**_container(draft.options, step.arguments), **_resources(step.nodes)}
    pod = _pod(draft.options, step.nodes)
    spec: dict[str, Any] = {
        "inputDefinitions": {"parameters": {RUN: {"parameterType": "STRING"}, **step.inputs}}
    }
    if step.outputs:
        spec["outputDefinitions"] = dict(step.outputs)
    key = json.dumps([container, pod, spec], sort_keys=True)
    if key not in draft.written:
        name = step.name if f"comp-{step.name}" not in draft.components else ""
        name = name or f"{step.name}-{len(draft.written) + 1}"
        draft.components[f"comp-{name}"] = {"executorLabel": f"exec-{name}", **spec}
        draft.containers[f"exec-{name}"] = {"container": container}
        if pod:
            draft.pods[f"exec-{name}"] = pod
        draft.written[key] = f"comp-{name}"
    return draft.written[key]


def constant(text: str) -> dict[str, Any]:
    """Return an input that is written down."""
    return {"runtimeValue": {"constant": text}}


def task(shown: str, component_name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task of a container: with the run's id, and Kubeflow's own cache off."""
    return {
        **dag_task(shown, component_name),
        "inputs": {"parameters": {RUN: constant(_JOB), **inputs}},
    }


def dag_task(shown: str, component_name: str) -> dict[str, Any]:
    """Return a task of a DAG."""
    # Empty options say that Kubeflow's cache stays off: ours decides.
    return {
        "taskInfo": {"name": shown},
        "componentRef": {"name": component_name},
        "cachingOptions": {},
    }


def _container(options: KubeflowOptions, arguments: Sequence[str]) -> dict[str, Any]:
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


def _resources(nodes: Iterable[NodeIR]) -> dict[str, Any]:
    """Return the needs of some nodes: for each resource, the largest."""
    asked = [node.resources for node in nodes]
    cpu = max((each.cpu or 0.0 for each in asked), default=0.0)
    memory = max((each.memory or 0 for each in asked), default=0)
    accelerated = [each for each in asked if each.accelerator]
    found: dict[str, Any] = {}
    # As texts for Kubeflow of today, as numbers for older ones and Vertex AI.
    if cpu:
        found |= dict.fromkeys(("resourceCpuLimit", "resourceCpuRequest"), f"{cpu:g}")
        found |= dict.fromkeys(("cpuLimit", "cpuRequest"), cpu)
    if memory:
        found |= dict.fromkeys(("resourceMemoryLimit", "resourceMemoryRequest"), str(memory))
        found |= dict.fromkeys(("memoryLimit", "memoryRequest"), memory / 1e9)
    if accelerated:
        kind = accelerated[0].accelerator
        count = str(max(each.accelerator_count or 1 for each in accelerated))
        found["accelerator"] = {
            "type": kind,
            "count": count,
            "resourceType": kind,
            "resourceCount": count,
        }
    return {"resources": found} if found else {}


def _pod(options: KubeflowOptions, nodes: Sequence[NodeIR]) -> dict[str, Any]:
    """Return pod settings: secrets as variables, the time limit, and the user's additions."""
    pod = options.pod([node.id for node in nodes])
    parameters = [parameter for node in nodes for parameter in node.parameters]
    for name in sorted({p.value.name for p in parameters if isinstance(p.value, SecretName)}):
        secret, key = options.secrets.get(name, (options.default_secret, name))
        pod["secretAsEnv"] = [
            *pod.get("secretAsEnv", []),
            {"secretName": secret, "keyToEnv": [{"secretKey": key, "envVar": name}]},
        ]
    limits = [node.timeout for node in nodes if node.timeout]
    if limits and len(limits) == len(nodes) and "activeDeadlineSeconds" not in pod:
        pod["activeDeadlineSeconds"] = str(int(sum(limits)) + GRACE)
    labels = {name: text for node in nodes for name, text in node.labels.items()}
    if labels and "podMetadata" not in pod:
        pod["podMetadata"] = {"annotations": dict(sorted(labels.items()))}
    return pod
