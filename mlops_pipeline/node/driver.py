"""The driver: resolve what a node reads, and decide whether it has to run.

`drive` is the default driver. A component may name another one: any function with the same
signature, which typically calls `drive` with a changed request:

    def newest_span(request: Request) -> Plan:
        span = find_span(request.value("input_base"))
        return drive(request.replace_parameters(span=span))
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from mlops_pipeline.cache import Found, Key, find_reusable, make_key
from mlops_pipeline.errors import ParameterError, ResolutionError
from mlops_pipeline.gate import GATE, Gate, closes, read_gate
from mlops_pipeline.interface import check_json, refuse_large
from mlops_pipeline.ir import (
    ChannelIR,
    Expression,
    ImporterExecutor,
    InputIR,
    Literal,
    NodeIR,
    OutputProperty,
    OutputUri,
    OutputValue,
    PipelineIR,
    QueryIR,
    ResolverExecutor,
    SecretName,
)
from mlops_pipeline.ir_graph import describe, parts
from mlops_pipeline.node.expressions import absolute_parameters, evaluate, read_value
from mlops_pipeline.node.intact import intact, refuse_altered
from mlops_pipeline.resolvers import Query, TooFewSpansError, ask_resolver
from mlops_pipeline.run_state import History, Iteration, Outcome, Workspace, node_label
from mlops_pipeline.store import ArtifactRecord, Run, State


class Decision(str, enum.Enum):
    """Decision of a driver about a node."""

    RUN = "run"
    CACHED = "cached"
    SKIPPED = "skipped"

    def __str__(self) -> str:
        return self.value


class SkippedError(Exception):
    """Something that the node needs comes from a node that was skipped."""


class NotProducedError(ResolutionError):
    """Something that the node needs comes from a node that has not run, or has failed."""


@dataclass(frozen=True)
class Request:
    """Request to a driver: one node of one run.

    Args:
        force: run even if a result could be reused.
        parameters: values that replace the pipeline's, by name.
        output_properties: properties to set on outputs, by output.
        needed: ids of the nodes that must have ended before this one.
    """

    ir: PipelineIR
    node: NodeIR
    run: Run
    workspace: Workspace
    history: History
    iteration: Iteration = ()
    force: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    output_properties: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()

    @cached_property
    def may_reuse(self) -> bool:
        """True if an earlier result may be used instead of running the node."""
        return self.node.cache.enabled and not self.force and not self.node.on_exit

    def replace_parameters(self, **values: Any) -> Request:
        """Return the same request with other values for some parameters of the node."""
        return replace(self, parameters={**self.parameters, **values})

    def set_properties(self, output: str, **values: Any) -> Request:
        """Return the same request with properties to set on an output."""
        known = self.output_properties
        return replace(
            self, output_properties={**known, output: {**known.get(output, {}), **values}}
        )

    def value(self, parameter: str) -> Any:
        """Return the value of a parameter; a path is absolute."""
        return absolute_parameters(self.node, resolve_parameters(self), self.workspace)[parameter]


@dataclass(frozen=True)
class Plan:
    """Decision of a driver, with everything that the executor and the publisher need.

    Args:
        reads: the artifacts that values, conditions and gates are of, by `_<node>.<output>`, as TFX
            names them.
        parameters: JSON values by name, without secrets.
        outputs: the artifacts to reuse, where the decision is CACHED.
        damaged: stored artifacts that were found altered or gone.
        output_properties: properties of the outputs, by output.
        generation: how many results under the same claim have been published before.
        gate: the gate of the result to reuse, or the gate that keeps the node from running.
    """

    node: NodeIR
    iteration: Iteration
    decision: Decision
    reason: str
    inputs: Mapping[str, Sequence[ArtifactRecord]] = field(default_factory=dict)
    reads: Mapping[str, Sequence[ArtifactRecord]] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    key: Key | None = None
    outputs: Mapping[str, Sequence[ArtifactRecord]] = field(default_factory=dict)
    damaged: tuple[ArtifactRecord, ...] = ()
    output_properties: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    generation: int = 0
    gate: Gate | None = None

    def reusing(self, found: Found) -> Plan:
        """Return the plan that takes over a result, with its gate."""
        assert found.execution is not None
        gate = read_gate(found.execution.properties)
        return replace(
            self,
            decision=Decision.CACHED,
            reason=found.reason,
            outputs=found.outputs,
            damaged=found.damaged,
            gate=gate and Gate(gate.findings, node_label(self.node.id, self.iteration)),
        )


Driver = Callable[[Request], Plan]


def drive(request: Request) -> Plan:
    """Decide whether a node runs, is skipped, or takes over an earlier result.

    Raises:
        ResolutionError: an input or a value cannot be resolved.
    """
    node = request.node
    scope = NodeScope(request)
    gate = _closed(scope)
    if gate is not None:
        return replace(_skipped(scope, f"the gate of {gate.node} is closed: {gate}"), gate=gate)
    try:
        for condition in node.conditions:
            holds = evaluate(condition, scope)
            scope.note_all(condition)
            if not holds:
                return _skipped(scope, f"condition is false: {describe(condition)}")
        if len(node.loops) > len(request.iteration):
            raise _no_such_iteration(scope)
        inputs = {each.name: resolve_input(request, each, scope) for each in node.inputs}
        parameters = resolve_parameters(request, scope)
    except SkippedError as skipped:
        return _skipped(scope, str(skipped))
    if node.after and not node.on_exit:
        for producer in node.after:
            scope.note(producer, _seen(request, producer))
    properties = {
        output.name: {**output.properties, **request.output_properties.get(output.name, {})}
        for output in node.outputs
    }
    plan = Plan(
        node,
        request.iteration,
        Decision.RUN,
        "",
        inputs=inputs,
        reads=scope.read,
        parameters=parameters,
        output_properties=properties,
        generation=request.history.completed(node.id, request.iteration),
    )
    return _look_in_cache(request, plan)


def _skipped(scope: NodeScope, reason: str) -> Plan:
    request = scope.request
    return Plan(request.node, request.iteration, Decision.SKIPPED, reason, reads=scope.read)


def _closed(scope: NodeScope) -> Gate | None:
    """Return the gate that keeps the node from running, if one that it depends on has closed.

    Of a producer in a loop that the node collects from, all iterations have to be closed.
    """
    request = scope.request
    if request.node.on_exit:
        return None
    for producer in sorted(request.needed):
        outcomes = _seen(request, producer)
        if outcomes and all(_closes(each) for each in outcomes):
            scope.note(producer, outcomes)
            return read_gate(outcomes[0].execution.properties)
    return None


def _look_in_cache(request: Request, plan: Plan) -> Plan:
    node, workspace = plan.node, request.workspace
    if isinstance(node.executor, ImporterExecutor | ResolverExecutor):
        return plan
    key = make_key(plan.node, plan.inputs, plan.parameters, plan.output_properties, workspace)
    plan = replace(plan, key=key)
    if not request.may_reuse:
        return replace(plan, reason=_why_not_reused(request))
    found = find_reusable(key, node.cache, workspace)
    if found.execution is None:
        return replace(
            plan, reason=found.reason, damaged=found.damaged, generation=found.generation
        )
    return plan.reusing(found)


def _why_not_reused(request: Request) -> str:
    if request.node.on_exit:
        return "exit handlers always run"
    return "forced to run" if request.force else "its cache is off"


@dataclass(frozen=True)
class NodeScope:
    """Values for the expressions of one node, and the artifacts that they were read from."""

    request: Request
    read: dict[str, Sequence[ArtifactRecord]] = field(default_factory=dict)

    def run_parameter(self, name: str) -> Any:
        return self.request.run.parameters[name]

    def run_info(self, field: str) -> str:
        run = self.request.run
        return str({"id": run.id, "pipeline": run.pipeline, "state": run.state}[field])

    def item(self, loop: str) -> Any:
        request = self.request
        depth = request.node.loops.index(loop)
        if depth >= len(request.iteration):
            raise _no_such_iteration(self)
        return loop_items(request, loop, self)[request.iteration[depth]]

    def output(self, node: str, output: str) -> ArtifactRecord:
        records = produced(self.request, node, output)
        if len(records) != 1:
            raise ResolutionError(
                f"{self.request.node.id} needs one artifact of {node}.{output}, "
                f"there are {len(records)}",
                hint="use it inside the loop that makes it, or pass it as a list input",
            )
        self.read[f"_{node}.{output}"] = records
        return records[0]

    def value(self, node: str, output: str) -> Any:
        record = self.output(node, output)
        known = self.request.history.lists
        if record.id not in known:
            value = read_value(record)
            if not isinstance(value, list):
                return value
            known[record.id] = value
        return known[record.id]

    def note_all(self, condition: Expression) -> None:
        """Count as read what a condition names, if it is there: `or` stops at the first."""
        for part in parts(condition):
            if isinstance(part, OutputValue | OutputProperty | OutputUri):
                with contextlib.suppress(SkippedError, ResolutionError):
                    self.output(part.node, part.output)

    def note(self, producer: str, outcomes: Sequence[Outcome]) -> None:
        """Count what a node wrote as read: it decided whether this one may run."""
        for outcome in outcomes:
            for output, records in outcome.outputs.items() if outcome.published else ():
                key = f"_{producer}.{output}"
                self.read[key] = [*self.read.get(key, ()), *records]


def _no_such_iteration(scope: NodeScope) -> SkippedError:
    """Return the skip for an empty loop; the iteration stops at the loops around it."""
    request = scope.request
    loop = request.node.loops[len(request.iteration)]
    if loop_items(request, loop, scope):
        raise ResolutionError(
            f"{request.node.id} is in loop {loop}, and no item of it is named",
            hint="name the iteration, an index for each loop",
        )
    return SkippedError(f"loop {loop} runs over an empty list")


def loop_items(request: Request, loop_id: str, scope: NodeScope | None = None) -> list[Any]:
    """Return the items of a loop around the node of the request."""
    items = evaluate(request.ir.loop(loop_id).items, scope or NodeScope(request))
    if not isinstance(items, list):
        raise ResolutionError(
            f"loop {loop_id} runs over {items!r}, which is not a list",
            hint="give it a list, a list parameter, or an output that is a list",
        )
    return items


def produced(request: Request, producer: str, output: str) -> list[ArtifactRecord]:
    """Return the artifacts that a node of this run wrote, as the requesting node sees them.

    Inside a loop of the producer these are the ones of the same iteration; outside, of all.

    Raises:
        SkippedError: the producer was skipped.
        NotProducedError: it did not succeed.
        ResolutionError: its rows are not as they were published.
    """
    outcomes = _seen(request, producer)
    if not outcomes:
        raise NotProducedError(
            f"{request.node.id} needs {output} of {producer}, which has not run in this run",
            hint=f"run {producer} too, or go on from a run that has it with --base-run",
        )
    usable = [each for each in outcomes if _is_usable(request, each)]
    for each in outcomes:
        ended_well = each.state.succeeded or each.state is State.SKIPPED
        if not ended_well and not _is_usable(request, each):
            raise NotProducedError(
                f"{request.node.id} needs {output} of {producer}, which is {each.state}",
                hint=f"see `mlops show {request.run.id} {producer}`",
            )
    if not usable:
        raise SkippedError(f"{producer} was skipped")
    for each in usable:
        refuse_altered(request.history, each)
    return [record for each in usable for record in each.outputs.get(output, ())]


def _seen(request: Request, producer: str) -> list[Outcome]:
    """Return the outcomes of a node in this run, in the iterations that the requester sees."""
    iteration = request.iteration
    if iteration:
        theirs = request.ir.node(producer).loops
        iteration = iteration[: shared_loops(request.node.loops, theirs)]
        if len(iteration) == len(theirs):
            one = request.history.get(producer, iteration)
            return [] if one is None else [one]
    return request.history.within(producer, iteration)


def _is_usable(request: Request, outcome: Outcome) -> bool:
    if request.node.on_exit:
        # What a gate has stopped is what an exit handler may want to report.
        return outcome.published
    return outcome.state.succeeded and not _closes(outcome)


def _closes(outcome: Outcome) -> bool:
    return GATE in outcome.execution.properties and closes(outcome.execution.properties)


def shared_loops(ours: tuple[str, ...], theirs: tuple[str, ...]) -> int:
    """Count the outer loops that two nodes have in common."""
    count = 0
    for mine, other in zip(ours, theirs, strict=False):
        if mine != other:
            break
        count += 1
    return count


def resolve_input(request: Request, wanted: InputIR, scope: NodeScope) -> list[ArtifactRecord]:
    """Return the artifacts of one input.

    Raises:
        SkippedError: it is required and its producer was skipped.
        ResolutionError: it is required and nothing was found, or what was found is damaged.
    """
    records: list[ArtifactRecord] = []
    skipped: SkippedError | None = None
    for source in wanted.sources:
        try:
            found = _from_source(request, wanted, source, scope)
            records += _new(found, source, records) if records or len(found) > 1 else found
        except SkippedError as error:
            if not wanted.optional and not wanted.many:
                raise
            skipped = error
        except NotProducedError:
            # An exit handler runs even if the nodes that it reads from have failed.
            if not (request.node.on_exit and wanted.optional):
                raise
    if not records and not wanted.optional:
        if skipped:
            raise skipped
        raise ResolutionError(
            f"input {wanted.name} of {request.node.id} is empty: {_described(wanted)}",
            hint="run what produces it first, or make the input optional",
        )
    if len(records) > 1 and not wanted.many:
        raise ResolutionError(
            f"input {wanted.name} of {request.node.id} takes one {wanted.type}, "
            f"there are {len(records)}",
            hint="make the input a list, or choose one of them",
        )
    name = f"input {wanted.name} of {request.node.id}"
    return [intact(request.workspace, record, name) for record in records]


def _from_source(
    request: Request, wanted: InputIR, source: ChannelIR | QueryIR, scope: NodeScope
) -> list[ArtifactRecord]:
    if isinstance(source, ChannelIR):
        return produced(request, source.node, source.output)
    query = Query(
        store=request.workspace.store,
        pipeline=request.run.pipeline,
        run_id=request.run.id,
        type=source.type or wanted.type,
        arguments={k: evaluate(v, scope) for k, v in source.arguments.items()},
    )
    try:
        return ask_resolver(source.resolver, query, request.workspace.import_paths)
    except TooFewSpansError as error:
        raise SkippedError(error.message) from None


def _new(
    found: list[ArtifactRecord], source: ChannelIR | QueryIR, known: list[ArtifactRecord]
) -> list[ArtifactRecord]:
    """Leave out artifacts that the input has already; the iterations of a loop all count."""
    seen = {record.id for record in known}
    if isinstance(source, QueryIR):
        found = list({record.id: record for record in found}.values())
    return [record for record in found if record.id not in seen]


def _described(wanted: InputIR) -> str:
    sources = [
        f"{s.node}.{s.output}" if isinstance(s, ChannelIR) else f"resolver {s.resolver}"
        for s in wanted.sources
    ]
    return f"{' and '.join(sources) or 'nothing'} gave no {wanted.type}"


def resolve_parameters(request: Request, scope: NodeScope | None = None) -> dict[str, Any]:
    """Return the values of a node's parameters, secrets left out.

    Raises:
        ParameterError: a driver set a parameter that the component does not have, or a value is
            no JSON value.
    """
    scope = scope or NodeScope(request)
    values = {}
    for parameter in request.node.parameters:
        if isinstance(parameter.value, SecretName):
            continue
        given: Expression = parameter.value
        if parameter.name in request.parameters:
            given = Literal(request.parameters[parameter.name])
        values[parameter.name] = evaluate(given, scope)
        what = f"parameter {parameter.name} of {request.node.id}"
        check_json(what, values[parameter.name])
        refuse_large(what, values[parameter.name])
    unknown = set(request.parameters) - {p.name for p in request.node.parameters}
    if unknown:
        raise ParameterError(
            f"the driver of {request.node.id} set {sorted(unknown)}, "
            f"which {request.node.component} does not take"
        )
    return values
