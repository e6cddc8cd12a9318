"""All that a store and its files tell of one model: its page, JSON and card are made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.inspection.datasets import Version
from mlops_pipeline.inspection.models.change import MetricChange, compare_evaluations
from mlops_pipeline.inspection.models.directions import direction_of
from mlops_pipeline.inspection.models.evaluation_file import (
    COUNTS,
    Evaluation,
    ReadFile,
    read_evaluation,
)
from mlops_pipeline.inspection.models.origins import (
    Code,
    Evaluated,
    code_of,
    data_behind,
    evaluations_of,
    find_made_model,
    maker_of,
    model_before,
    started_from,
)
from mlops_pipeline.inspection.models.plots import Plot, read_plots
from mlops_pipeline.inspection.models.slices import SliceTable, rank_slices
from mlops_pipeline.inspection.models.thresholds import Threshold, read_thresholds
from mlops_pipeline.inspection.models.training_curve import Curve, read_curve
from mlops_pipeline.run_state import elapsed
from mlops_pipeline.snapshot import read_snapshot
from mlops_pipeline.store import ArtifactRecord, Direction, Execution, MetadataStore, Run


@dataclass(frozen=True)
class Made:
    """The training that made a model.

    Args:
        seconds: its time.
        recorded: of its run: the commit and what was not in it, labels.
    """

    run: str
    pipeline: str
    node: str
    component: str
    started: float
    seconds: float
    host: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    run_parameters: Mapping[str, Any] = field(default_factory=dict)
    recorded: Mapping[str, Any] = field(default_factory=dict)
    code: Code = field(default_factory=Code)


@dataclass(frozen=True)
class Results:
    """The results of one evaluation of a model.

    Args:
        metric: that the slices are ranked by; empty where there is none.
        table: the slices by it.
        change: of the metric from the model before.
        same_examples: whether both were measured on the same examples; None if that is not known.
        notes: what could not be read.
    """

    artifact: int
    node: str
    run: str
    evaluation: Evaluation
    metric: str = ""
    table: SliceTable | None = None
    thresholds: tuple[Threshold, ...] = ()
    plots: tuple[Plot, ...] = ()
    change: MetricChange | None = None
    same_examples: bool | None = None
    notes: tuple[str, ...] = ()

    @property
    def has_examples(self) -> bool:
        """False where no example was measured: nothing of such an evaluation is good."""
        return self.evaluation.overall.examples != 0


@dataclass(frozen=True)
class ModelReport:
    """A model.

    Args:
        data: the datasets that it was trained on.
        chain: models that it was started from, the nearest first.
        results: of its newest evaluation, or of the one asked for; None where there is none.
        evaluations: numbers of all its evaluations, newest first.
        before: the model before, of the same pipeline and node.
        curve: metrics of the training, by step.
    """

    id: int
    uri: str
    digest: str
    state: str
    created: float
    properties: Mapping[str, Any]
    made: Made | None
    data: tuple[Version, ...] = ()
    chain: tuple[int, ...] = ()
    results: Results | None = None
    evaluations: tuple[int, ...] = ()
    before: int | None = None
    data_before: tuple[Version, ...] = ()
    curve: Curve = ()
    notes: tuple[str, ...] = ()


def read_model(
    store: MetadataStore, what: str, read: ReadFile, *, metric: str = "", evaluation: str = ""
) -> ModelReport:
    """Read a model.

    Args:
        what: as for `find_made_model`, which says what it raises.
        metric: that slices are ranked by; by default one that a threshold names, or a common one.
        evaluation: number of one of its evaluations; the newest by default.
    """
    model = find_made_model(store, what)
    maker = maker_of(store, model.id)
    before = model_before(store, model, maker)
    judged = evaluations_of(store, model)
    chosen = [each for each in judged if str(each.record.id) == evaluation.removeprefix("#")]
    asked = (chosen or judged)[:1]
    notes = [f"evaluation {evaluation[:50]} is none of it"] if evaluation and not chosen else []
    results = None
    if asked:
        results = _results(asked[0], read, metric)
        if before is not None and results.metric:
            results = _with_change(store, results, asked[0], before, read)
    curve, said = _curve(store, maker, read)
    made_before = maker_of(store, before.id) if before else None
    return ModelReport(
        id=model.id,
        uri=model.uri,
        digest=model.digest,
        state=str(model.state),
        created=model.created,
        properties=model.properties,
        made=_made(store, maker) if maker else None,
        data=tuple(data_behind(store, maker)),
        chain=tuple(record.id for record in started_from(store, maker)),
        results=results,
        evaluations=tuple(each.record.id for each in judged),
        before=before.id if before else None,
        data_before=tuple(data_behind(store, made_before)),
        curve=curve,
        notes=(*notes, *([said] if said else [])),
    )


def _made(store: MetadataStore, maker: Execution) -> Made:
    run = store.get_run(maker.run_id) or Run(maker.run_id, maker.pipeline)
    return Made(
        run=maker.run_id,
        pipeline=maker.pipeline,
        node=maker.node_id,
        component=maker.component,
        started=maker.started,
        seconds=elapsed(maker.started, maker.finished) if maker.finished else 0.0,
        host=maker.host,
        parameters=maker.parameters,
        run_parameters=run.parameters,
        recorded=_recorded(store, run),
        code=code_of(maker),
    )


def _recorded(store: MetadataStore, run: Run) -> dict[str, Any]:
    """Return what a run has recorded that says something away from its machine, too."""
    labels = run.properties.get("labels") or {}
    found: dict[str, Any] = {"labels": labels} if labels else {}
    try:
        snapshot = read_snapshot(store, run)
    except NotFoundError as error:
        return {**found, "snapshot": error.message}
    if snapshot is not None and snapshot.checkout.get("commit"):
        found["commit"] = snapshot.checkout["commit"]
        if snapshot.checkout.get("difference"):
            found["uncommitted changes"] = "yes"
    return found


def _results(judged: Evaluated, read: ReadFile, metric: str) -> Results:
    found = read_evaluation(judged.record, read)
    thresholds, said = read_thresholds(judged.record, found, read)
    plots, why = read_plots(judged.record, read)
    chosen = _main_metric(found, thresholds, metric)
    missing = (
        f"the evaluation has no metric {metric[:100]!r}" if metric and chosen != metric else ""
    )
    notes = (missing, found.problem, said and f"thresholds: {said}", why and f"plots: {why}")
    return Results(
        artifact=judged.record.id,
        node=judged.execution.node_id,
        run=judged.execution.run_id,
        evaluation=found,
        metric=chosen,
        table=rank_slices(found, chosen) if chosen else None,
        thresholds=thresholds,
        plots=plots,
        notes=tuple(note for note in notes if note),
    )


def _main_metric(found: Evaluation, thresholds: tuple[Threshold, ...], wanted: str) -> str:
    names = found.metrics
    named = [wanted, *(each.metric for each in thresholds), "auc", "accuracy", "loss"]
    for name in named:
        if name in names:
            return name
    accuracies = [name for name in names if name.endswith("accuracy")]
    ranked = [name for name in names if direction_of(name)]
    others = [name for name in names if name.rpartition("/")[2] not in COUNTS]
    return next(iter([*accuracies, *ranked, *others, *names]), "")


def _with_change(
    store: MetadataStore,
    results: Results,
    judged: Evaluated,
    before: ArtifactRecord,
    read: ReadFile,
) -> Results:
    """Return the results with the change from the model before, by the same node's evaluation."""
    earlier = evaluations_of(store, before)
    of_node = [e for e in earlier if e.execution.node_id == judged.execution.node_id] or earlier
    if not of_node:
        return results
    other = of_node[0]
    change = compare_evaluations(
        read_evaluation(other.record, read), results.evaluation, results.metric
    )
    known = judged.examples and other.examples
    same = judged.examples == other.examples if known else None
    return replace(results, change=change, same_examples=same)


def _curve(store: MetadataStore, maker: Execution | None, read: ReadFile) -> tuple[Curve, str]:
    if maker is None:
        return (), ""
    written = [
        event.artifact_id
        for event in store.events_by_execution([maker.id])
        if event.direction is Direction.OUTPUT
    ]
    for record in store.artifacts(written):
        if record.type == "ModelRun":
            curve, said = read_curve(record, read)
            return curve, said and f"training: {said}"
    return (), ""
