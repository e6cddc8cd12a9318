"""`Deployer`: lets a pushed version come to answer, step by step."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from mlops_pipeline import Input, component
from mlops_pipeline.artifacts import PushedModel
from mlops_pipeline.errors import NotFoundError

log = logging.getLogger(__name__)


@component(
    base_type="Deploy",
    driver="mlops_components.deployer:drive_rollout",
    publisher="mlops_components.deployer:publish_rollout",
)
def Deployer(
    pushed_model: Input[PushedModel],
    model_name: str,
    strategy: str = "canary",
    steps: list[float] | None = None,
    minimum: int = 100,
    slices: list[str] | None = None,
) -> None:
    """Begin a rollout of a pushed version, which `mlops rollout run` brings to its end.

    A version is rolled out once, however often the pipeline runs: what was aborted stays aborted.
    The first version of a model has nothing to be compared with and answers all at once.

    Args:
        model_name: the registered model that Pusher was given.
        strategy: as that of `mlops deploy`.
        steps: shares of a canary.
        minimum: keys that each arm needs before a step may pass.
        slices: features of the request log by whose values errors are compared, too.
    """


def drive_rollout(request: Any) -> Any:
    """Skip what was not pushed. Nothing begins here: `mlops plan` asks a driver, too."""
    from mlops_pipeline.models import check_model_name
    from mlops_pipeline.node import Decision, drive

    plan = drive(request)
    if plan.decision is Decision.SKIPPED:
        return plan
    check_model_name(plan.parameters["model_name"])
    reasons = [
        f"artifact {record.id} was not pushed"
        for record in plan.inputs["pushed_model"]
        if record.properties.get("pushed") != 1
    ]
    if not reasons:
        return plan
    return replace(
        plan, decision=Decision.SKIPPED, reason=reasons[0], key=None, outputs={}, gate=None
    )


def publish_rollout(done: Any) -> Any:
    """Begin the rollout, then publish: a crash in between begins no second one, and loses none.

    Raises:
        PipelineError: it cannot begin; the node has failed then.
    """
    from mlops_pipeline.node import publish

    (pushed,) = done.plan.inputs["pushed_model"]
    _begin(done.workspace.store, pushed.id, done.plan.parameters, done.execution.run_id)
    return publish(done)


def _begin(store: Any, artifact: int, given: Any, run: str) -> None:
    from mlops_pipeline.deployment import list_rollouts, plan_rollout, start_rollout
    from mlops_pipeline.models import CHAMPION, open_model, register_pushed

    name = given["model_name"]
    # What a crash of Pusher has left unregistered.
    register_pushed(store, name)
    model = open_model(store, name)
    version = model.of_artifact(artifact)
    if version is None:
        raise NotFoundError(
            f"artifact {artifact} is no version of {name}",
            hint=f"give Pusher the model_name {name!r}, too",
        )
    known = [r for r in list_rollouts(store, name) if r.plan.candidate == version.number]
    if known:
        log.info("%s v%d has the rollout %s", name, version.number, known[-1].name)
        return
    champion = model.alias(CHAMPION)
    if champion == version.number:
        log.info("%s v%d is the champion already", name, version.number)
        return
    plan = plan_rollout(
        store,
        name,
        version.number,
        given["strategy"] if champion else "all-at-once",
        steps=(given["steps"] or ()) if champion else (),
        minimum=given["minimum"],
        slices=tuple(given["slices"] or ()),
    )
    found = start_rollout(store, plan, by="Deployer", why=f"pushed by run {run}")
    log.info("begun: %s; go on with `mlops rollout run %s`", found.name, found.name)
