"""What Kubeflow's driver, launcher and Argo do with a PipelineSpec, by the rules in their Go code.

The local runner of the kfp SDK is kinder than a cluster: it fills in placeholders anywhere, runs
any chain of exit tasks and takes any URI. This one is not. Containers are run in this process.

Rules: `argocompiler/dag.go` and `container.go` (order, exit hooks), `driver/resolve.go`
(inputs), `component/launcher_v2.go` (placeholders, outputs), `objectstore/config.go` (URIs).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

JOB = "{{$.pipeline_job_uuid}}"
EXIT = "ALL_UPSTREAM_TASKS_COMPLETED"


class RefusedError(Exception):
    """Kubeflow would refuse this, or fail a task for it."""


class Cluster:
    """One run of a pipeline.

    Args:
        main: what a container runs: arguments to exit code.
        codes: exit codes by the name that a task shows, an attempt each.
        uploads: what the launcher would upload, by URI.
    """

    def __init__(
        self, spec: dict[str, Any], folder: Path, main: Callable[[list[str]], int]
    ) -> None:
        self.spec = spec
        self.folder = folder
        self.run_id = folder.name
        self.main = main
        self.codes: dict[str, list[int]] = {}
        self.uploads: dict[str, str] = {}
        self.told: dict[str, dict[str, Any]] = {}
        self.inputs: dict[str, dict[str, Any]] = {}

    def run(self, parameters: dict[str, Any]) -> bool:
        """Run it; whether it succeeded."""
        root = self.spec["root"]
        values: dict[str, Any] = {}
        for name, wanted in root.get("inputDefinitions", {}).get("parameters", {}).items():
            if name in parameters:
                values[name] = parameters[name]
            elif "defaultValue" in wanted:
                values[name] = wanted["defaultValue"]
            elif wanted.get("isOptional"):
                values[name] = None
            else:
                raise RefusedError(f"parameter {name} is not optional")
        return self._dag("root", root, values)

    def _dag(self, name: str, component: dict[str, Any], given: dict[str, Any]) -> bool:
        tasks = component["dag"]["tasks"]
        hooks = _hooks(tasks)
        ended: dict[str, bool] = {}
        outputs: dict[str, dict[str, Any]] = {}
        for task_name, task in _ordered(tasks, set(hooks.values())):
            if not all(ended.get(each, False) for each in task.get("dependentTasks", ())):
                ended[task_name] = False
                continue
            ended[task_name] = self._task(task_name, task, given, outputs)
            if task_name in hooks:
                hook = hooks[task_name]
                ended[hook] = self._task(hook, tasks[hook], given, outputs)
        return all(ended.values())

    def _task(
        self, name: str, task: dict[str, Any], given: dict[str, Any], outputs: dict[str, Any]
    ) -> bool:
        if task["cachingOptions"].get("enableCache"):
            raise RefusedError(f"{name} may be taken from Kubeflow's cache")
        component = self.spec["components"][task["componentRef"]["name"]]
        values = self._resolve(name, task, component, given, outputs)
        iterator = task.get("parameterIterator")
        if iterator:
            if "dag" not in component:
                raise RefusedError(f"{name}: an iterator over a container")
            items = iterator["items"]
            found = json.loads(items["raw"]) if "raw" in items else values[items["inputParameter"]]
            # All of them, whatever becomes of one: Argo starts them at once.
            each = [
                self._dag(name, component, {**values, iterator["itemInput"]: item})
                for item in found
            ]
            return all(each)
        if "dag" in component:
            return self._dag(name, component, values)
        for _ in range(1 + task.get("retryPolicy", {}).get("maxRetryCount", 0)):
            code = self._container(name, task, component, values, outputs)
            if not code or not self.tries_again(code):
                break
        return not code

    def tries_again(self, code: int) -> bool:
        """Whether a container that ended like this is started again: here, after every failure."""
        return bool(code)

    def start(self, name: str, executor: str, argv: list[str]) -> int:
        """Run the container of a task to its end; its exit code.

        Args:
            executor: its name in the spec.
        """
        return self.main(argv)

    def _resolve(
        self,
        name: str,
        task: dict[str, Any],
        component: dict[str, Any],
        given: dict[str, Any],
        outputs: dict[str, Any],
    ) -> dict[str, Any]:
        """The inputs of a task; the launcher downloads every artifact among them, whole."""
        definitions = component.get("inputDefinitions", {})
        if definitions.get("artifacts"):
            raise RefusedError(f"{name}: the launcher would download {definitions['artifacts']}")
        wanted = definitions.get("parameters", {})
        wiring = task.get("inputs", {}).get("parameters", {})
        item = task.get("parameterIterator", {}).get("itemInput")
        if wiring.keys() - wanted.keys():
            raise RefusedError(f"{name}: inputs that the component does not have")
        values = {}
        for key, definition in wanted.items():
            if key == item:
                continue
            if key not in wiring:
                raise RefusedError(f"{name}: input {key} is not wired")
            source = wiring[key]
            if "runtimeValue" in source:
                constant = source["runtimeValue"]["constant"]
                # Only where it is all of the value.
                value = self.run_id if constant == JOB else constant
            elif "componentInputParameter" in source:
                value = given[source["componentInputParameter"]]
            else:
                output = source["taskOutputParameter"]
                if output["producerTask"] not in task.get("dependentTasks", ()):
                    raise RefusedError(f"{name} does not wait for {output['producerTask']}")
                value = outputs[output["producerTask"]][output["outputParameterKey"]]
            if value is None and not definition.get("isOptional"):
                raise RefusedError(f"{name}: input {key} is null")
            values[key] = value
        return values

    def _container(
        self,
        name: str,
        task: dict[str, Any],
        component: dict[str, Any],
        values: dict[str, Any],
        outputs: dict[str, Any],
    ) -> int:
        container = self.spec["deploymentSpec"]["executors"][component["executorLabel"]][
            "container"
        ]
        place = self.folder / "kfp" / self.run_id / name / uuid.uuid4().hex
        declared = component.get("outputDefinitions", {})
        message: dict[str, Any] = {
            "inputs": {"parameterValues": {k: v for k, v in values.items() if v is not None}},
            "outputs": {"outputFile": str(place / "executor_output.json")},
        }
        if declared.get("artifacts"):
            message["outputs"]["artifacts"] = {
                key: {"artifacts": [{"name": key, "uri": str(place / key), "metadata": {}}]}
                for key in declared["artifacts"]
            }
        argv = [self._filled(text, message, values) for text in container["args"]]
        shown = task["taskInfo"]["name"]
        self.inputs[shown] = values
        code = self.start(shown, component["executorLabel"], argv)
        self.codes.setdefault(shown, []).append(code)
        if not code:
            outputs[name] = self._outputs(shown, place, message, declared)
        return code

    def _filled(self, text: str, message: dict[str, Any], values: dict[str, Any]) -> str:
        """An argument with what the launcher fills in, and with nothing else."""
        text = text.replace("{{$}}", json.dumps(message))
        for key, value in values.items():
            plain = value if isinstance(value, str) else json.dumps(value)
            text = text.replace(f"{{{{$.inputs.parameters['{key}']}}}}", plain)
        return text

    def _outputs(
        self, shown: str, place: Path, message: dict[str, Any], declared: dict[str, Any]
    ) -> dict[str, Any]:
        file = place / "executor_output.json"
        told = json.loads(file.read_text()) if file.exists() else {}
        self.told[shown] = told
        if told.keys() - {"parameterValues", "artifacts"}:
            raise RefusedError(f"{shown}: unknown parts of executor_output: {sorted(told)}")
        for key, found in told.get("artifacts", {}).items():
            if key not in declared.get("artifacts", {}):
                raise RefusedError(f"{shown}: output {key} is not declared")
            for artifact in found["artifacts"]:
                self._check_uri(shown, artifact.get("uri", ""))
        for key, wanted in message["outputs"].get("artifacts", {}).items():
            path = Path(wanted["artifacts"][0]["uri"])
            # What has no file is recorded all the same, and nothing is uploaded.
            if path.exists():
                self.uploads[f"{shown}/{key}"] = path.read_text()
        values: dict[str, Any] = told.get("parameterValues", {})
        missing = declared.get("parameters", {}).keys() - values.keys()
        if missing:
            raise RefusedError(f"{shown}: outputs {missing} are missing")
        return values

    def _check_uri(self, shown: str, uri: str) -> None:
        prefix = str(self.folder / "kfp" / self.run_id)
        known = uri.startswith(("gs://", "s3://", "minio://", "oci://", "/"))
        if known and not uri.startswith(prefix):
            raise RefusedError(f"{shown}: {uri} does not have the expected bucket prefix {prefix}")


def _hooks(tasks: dict[str, Any]) -> dict[str, str]:
    """Tasks of any outcome, by the task that they hang on: one each, and on none that hangs."""
    exits = {
        name
        for name, task in tasks.items()
        if task.get("triggerPolicy", {}).get("strategy") == EXIT
    }
    found: dict[str, str] = {}
    for name in sorted(exits):
        for needed in tasks[name]["dependentTasks"]:
            if needed in found or needed in exits:
                raise RefusedError(f"exit task {name} would never run: it hangs on {needed}")
            found[needed] = name
    return found


def _ordered(tasks: dict[str, Any], without: set[str]) -> Iterator[tuple[str, Any]]:
    left = {name: task for name, task in tasks.items() if name not in without}
    while left:
        name = next(
            n for n, t in left.items() if not left.keys() & set(t.get("dependentTasks", ()))
        )
        yield name, left.pop(name)
