"""Tasks that run `mlops run-node`, `loop-items` and `end-run` in the project's own interpreter.

A task runs the whole node: driver, executor, publisher. Its result is its exit
code and a JSON file, and prints to the log of the task as it goes.
"""

from __future__ import annotations

import hashlib
import json
import re
import signal
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from airflow.sdk import Asset, BaseOperator, BaseOperatorLink
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from mlops_pipeline.run_state import FORCE, selection_of
from mlops_pipeline.runners.airflow.config import ExecutionConfig
from mlops_pipeline.runners.airflow.step_process import TEMPORARY, Step, StepProcess

DONE, FAILED, USER_ERROR, SKIPPED = 0, 1, 65, 99


def store_run_id(dag_id: str, run_id: str) -> str:
    """Return our id of a DAG run: Airflow's are unique in a DAG only, and hold colons.

    Args:
        dag_id: with the task group, where several pipelines are in one DAG.
    """
    raw = f"{dag_id}.{run_id}"
    plain = re.sub(r"[^A-Za-z0-9_.+=@-]", "-", raw)
    usual = re.sub(r"[:+]", "-", raw) == plain.replace("+", "-")
    if usual and len(plain) <= 120 and plain[0].isalnum():
        return plain
    return f"r{plain[:100]}-{hashlib.sha256(raw.encode()).hexdigest()[:16]}"


ALARM_TYPES = ("ExampleAnomalies",)
"""Artifact types that become asset events only if the gate of their node has findings: drift."""


class StepOperator(BaseOperator):
    """Runs one command of `mlops` for a DAG run.

    Args:
        scope: the task group of the pipeline, if the DAG has several.
    """

    ui_color = "#dff3e4"

    def __init__(
        self, *, ir_file: str, execution: ExecutionConfig, scope: str = "", **arguments: Any
    ) -> None:
        super().__init__(**arguments)
        self.ir_file = ir_file
        self.execution = execution
        self.scope = scope
        self.asked: Mapping[str, Any] = {}
        self._started: Any = None

    def run_id_of(self, context: Any) -> str:
        """Return the id of a DAG run in our store; each pipeline in the DAG has one of its own."""
        run = context["dag_run"]
        dag_id = f"{run.dag_id}.{self.scope}" if self.scope else str(run.dag_id)
        return store_run_id(dag_id, run.run_id)

    def run_step(
        self, arguments: Sequence[str], variables: Mapping[str, str], secrets: Sequence[str] = ()
    ) -> tuple[int, Any]:
        """Run a command to its end; its exit code and what it wrote as its result."""
        step = Step(self.ir_file, arguments, variables, secrets, self.asked)
        self._started = self._starter()
        done: tuple[int, Any] = self._started.run(step)
        return done

    def _starter(self) -> Any:
        if self.execution.mode != "pod":
            return StepProcess(self.execution, self.log)
        # The provider for Kubernetes need not be there where nothing runs in pods.
        from mlops_pipeline.runners.airflow.step_pod import StepPod

        return StepPod(self.execution, self.task_id)

    def on_kill(self) -> None:
        """Stop what was started: first so that it can record it, then for good."""
        if self._started is not None:
            self._started.stop()


class RunStepOperator(StepOperator):
    """Runs a command that begins the run, if none has yet: it knows the parameters.

    Args:
        parameters: values of run parameters, instead of the DAG's; templates are filled in.
        known: names of the pipeline's run parameters.
        span: run parameter that takes the day of the data interval, in days since 1970.
    """

    template_fields: Sequence[str] = ("parameters",)

    def __init__(
        self,
        *,
        parameters: Mapping[str, Any] | None = None,
        known: Sequence[str] = (),
        span: str = "",
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.parameters = dict(parameters or {})
        self.known = list(known)
        self.span = span

    def run_iteration(
        self,
        context: Any,
        arguments: Sequence[str],
        iteration: str | None,
        secrets: Sequence[str] = (),
    ) -> tuple[int, Any]:
        """Run the command for a DAG run and an iteration of its loops."""
        more = ["--run-id", self.run_id_of(context)]
        if self.execution.base_dir:
            more += ["--base-dir", self.execution.base_dir]
        if iteration is not None:
            more += ["--iteration", iteration]
        selection = selection_of(context["params"])
        named = {
            "--from": selection.from_nodes,
            "--to": selection.to_nodes,
            "--only": selection.only,
        }
        more += [word for flag, nodes in named.items() for node in nodes for word in (flag, node)]
        more += ["--base-run", selection.base_run] if selection.base_run else []
        variables = {"MLOPS_PARAMETERS": json.dumps(self._values(context))}
        return self.run_step([*arguments, *more], variables, secrets)

    def _values(self, context: Any) -> dict[str, Any]:
        """Return the run parameters: the DAG run's, with the span of its data interval."""
        run = context["dag_run"]
        values = {k: v for k, v in context["params"].items() if k in self.known}
        start = getattr(run, "data_interval_start", None)
        manual = str(getattr(run, "run_type", "")).endswith("manual")
        if self.span and start is not None and not manual:
            values[self.span] = (start.date() - date(1970, 1, 1)).days
        return {**values, **self.parameters}


class LineageLink(BaseOperatorLink):
    """Leads from a task to the lineage of what its node wrote."""

    name = "Lineage"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the link made from `ExecutionConfig.lineage_url`; empty if nothing is recorded."""
        result = operator.node_result or {}
        return operator.execution.link(result) if result.get("execution_id") else ""


def _links(operator: Any) -> list[BaseOperatorLink]:
    """Return the links of a task, or of one that is mapped."""
    execution = getattr(operator, "execution", None) or operator.partial_kwargs["execution"]
    return [LineageLink()] if execution.lineage_url else []


class NodeOperator(RunStepOperator):
    """Runs one node of a compiled pipeline; driver, executor and publisher are inside.

    Args:
        pipeline_node: id of the node.
        iteration: index in each loop, as `0,1`; a mapped task has one each.
        secrets: names of the secrets that the node takes.
        asked: what the node asks of the machine, for pods.
        assets: by output, the name of the Airflow asset that a new artifact of it changes.
    """

    template_fields: Sequence[str] = ("parameters", "iteration")
    operator_extra_links = property(_links)
    outlets: list[Any]

    def __init__(
        self,
        *,
        pipeline_node: str,
        iteration: str | None = None,
        secrets: Sequence[str] = (),
        asked: Mapping[str, Any] | None = None,
        assets: Mapping[str, str] | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.asked = dict(asked or {})
        self.node_result: Any = None
        self.pipeline_node = pipeline_node
        self.iteration = iteration
        self.secrets = list(secrets)
        self.assets = dict(assets or {})

    def execute(self, context: Any) -> dict[str, Any]:
        """Run the node; what it wrote, for people: other nodes ask the store.

        Raises:
            AirflowSkipException: the node was skipped.
            AirflowFailException: it failed in a way that another attempt does not fix.
            AirflowException: it failed otherwise.
        """
        arguments = ["run-node", self.ir_file, self.pipeline_node]
        if self.execution.mode != "pod":
            arguments.append("--watch-parent")
        if self.execution.mode == "in_process":
            arguments.append("--fork")
        if context["params"].get(FORCE):
            arguments.append("--force")
        code, result = self.run_iteration(context, arguments, self.iteration, self.secrets)
        self.node_result = {
            "run_id": self.run_id_of(context),
            "node": self.pipeline_node,
            "label": f"{self.pipeline_node}[{self.iteration}]" if self.iteration else "",
            **(result or {}),
        }
        if result is not None:
            self.log.info(
                "%(node)s: %(state)s, execution %(execution_id)s: %(reason)s", self.node_result
            )
        if code == SKIPPED:
            raise AirflowSkipException((result or {}).get("reason", ""))
        if code == USER_ERROR:
            raise AirflowFailException(_why(self.pipeline_node, code, result))
        if code != DONE or result is None:
            raise AirflowException(_why(self.pipeline_node, code, result))
        self._report_assets(context, result)
        return {name: result[name] for name in ("state", "execution_id", "outputs")}

    def _report_assets(self, context: Any, result: Mapping[str, Any]) -> None:
        """Keep those outlets whose assets have changed; Airflow reads them when the task ends.

        What came from the cache has not changed. An `AssetAlias` would say the same, but Airflow
        links it with its asset at its first event: of two tasks that do so at once, one is failed
        after its node has succeeded.
        """
        for output, name in self.assets.items():
            changed = asset(name)
            facts = self._new_artifact(result, output)
            if facts:
                extra = {**facts, "run_id": self.run_id_of(context)}
                context["outlet_events"][changed].extra.update(extra)
            else:
                self.outlets = [each for each in self.outlets if each != changed]

    def _new_artifact(self, result: Mapping[str, Any], output: str) -> dict[str, Any]:
        """Return the event about the last new artifact of an output; empty if there is none."""
        if result["state"] != "COMPLETE":
            return {}
        artifacts, uris = result["artifacts"].get(output, ()), result["outputs"].get(output, ())
        findings = [each["reason"] for each in (result.get("gate") or {}).get("findings", ())]
        for artifact, uri in reversed(list(zip(artifacts, uris, strict=True))):
            facts = {
                "uri": uri,
                "artifact_id": artifact["id"],
                "execution_id": result["execution_id"],
            }
            if artifact["type"] in ALARM_TYPES:
                return {**facts, "findings": findings} if findings else {}
            if artifact["properties"].get("pushed", 1):
                return facts
        return {}


class LoopItemsOperator(RunStepOperator):
    """Finds out over which items the loops of a node go.

    Args:
        loops: ids of the loops, outermost first.
    """

    def __init__(self, *, loops: Sequence[str], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.loops = list(loops)

    def execute(self, context: Any) -> list[str]:
        """Return all iterations, as `0,1`, in order."""
        found = [""]
        for depth, loop in enumerate(self.loops):
            inner: list[str] = []
            for outer in found:
                reached = len(outer.split(",")) if outer else 0
                inner += self._inner(context, loop, outer) if reached == depth else [outer]
            found = inner
        return found

    def _inner(self, context: Any, loop: str, outer: str) -> list[str]:
        arguments = ["loop-items", self.ir_file, loop]
        code, result = self.run_iteration(context, arguments, outer)
        if code != DONE or result is None:
            raise AirflowException(f"the items of loop {loop} could not be read, see the log")
        return list(result)


class EndRunOperator(StepOperator):
    """Records how a run ended, and ends in the same way: its task is what a DAG run goes by."""

    def execute(self, context: Any) -> str:
        """Record the end of the run, and return its state.

        Raises:
            AirflowFailException: a node failed.
            AirflowException: the step itself was taken away.
        """
        run_id = self.run_id_of(context)
        code, result = self.run_step(["end-run", run_id], {})
        if code == TEMPORARY:
            raise AirflowException(_why("end_run", code, result))
        if code != DONE or result is None:
            raise AirflowFailException(f"run {run_id} failed: see the tasks of its nodes")
        return str(result["state"])


def asset(name: str) -> Asset:
    """Return the Airflow asset of a name such as `penguin/Pusher/pushed_model`."""
    return Asset(name=name, uri=f"x-mlops://{name}")


def _why(node_id: str, code: int, result: Any) -> str:
    reason = (result or {}).get("reason", "")
    if reason:
        return f"{node_id}: {reason}"
    if code < 0:
        return f"{node_id} was ended by {signal.Signals(-code).name} and left no result"
    return f"{node_id} ended with exit code {code} and left no result, see the log"
