"""The router: chooses the version for a request, and another one if that fails, within its time."""

from __future__ import annotations

import asyncio
import collections
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mlops_pipeline.deployment import Arm, ModelRoutes, TableFile, arm_of, routes_of
from mlops_pipeline.serving.circuit import Circuit
from mlops_pipeline.serving.models import (
    DEFAULT_SIGNATURE,
    BadInputFailure,
    LateFailure,
    ModelCatalogue,
    ModelFailure,
    OverloadFailure,
    ServedModel,
    ServingFailure,
    Signature,
    Tensors,
    UnavailableFailure,
    UnknownModelFailure,
    of_lists,
)

log = logging.getLogger(__name__)

_SHARE = 0.6
"""Part of the time that is left which a version gets if others could answer after it."""

_MOST_SHADOWS = 64

NOT_LOADED = "not_loaded"
"""Why another version answered, where the assigned one is not loaded (yet)."""

ReadInputs = Callable[[Signature], Tensors]
"""Reads the inputs of a request as a signature wants them."""


@dataclass(frozen=True)
class Question:
    """A request for predictions.

    Args:
        version: the one that the client names; None leaves it to the router.
        label: the name of one.
        key: requests of one key go to one arm.
        deadline: by the monotonic clock.
        request_id: name of the request; empty if nobody has given one.
    """

    model: str
    read: ReadInputs
    deadline: float
    version: int | None = None
    label: str = ""
    signature: str = ""
    key: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class Prediction:
    """The answer to a question.

    Args:
        version: 0 for the rule.
        fallback: why another version answered than the assigned one; empty if none did.
        rollout: the salt by which the arm was drawn; empty if none was.
    """

    outputs: Tensors
    inputs: Tensors
    version: int
    assigned: int
    arm: Arm = Arm.CHAMPION
    fallback: str = ""
    generation: int = 0
    rollout: str = ""


@dataclass(frozen=True)
class Observation:
    """A question and what became of it.

    Args:
        found: the answer; without outputs, where there is none.
        failure: why there is none; empty if there is one.
        seconds: until then.
        shadow: True for the answer of a shadow, which nobody waits for.
    """

    question: Question
    found: Prediction
    failure: str
    seconds: float
    shadow: bool = False


Observer = Callable[[Observation], None]
"""Sees each question that was routed; it must be quick, and must not raise."""


@dataclass
class Router:
    """Routes questions by the table; it holds the circuits of the versions."""

    models: ModelCatalogue
    file: TableFile
    observer: Observer | None = None
    dropped_shadows: int = 0
    _circuits: dict[tuple[str, int], Circuit] = field(
        default_factory=lambda: collections.defaultdict(Circuit)
    )
    _shadows: set[asyncio.Task[None]] = field(default_factory=set)

    def refresh(self) -> None:
        """Take over a table that has changed, and have its versions loaded."""
        if self.file.refresh():
            for model in self.models:
                model.want(routes_of(self.file.table, model.name).versions)

    def version_of(self, model: ServedModel, version: int | None, label: str) -> int:
        """Return the version that a client names; without a name, the champion.

        Raises:
            UnknownModelFailure: there is none.
        """
        if version is not None:
            return version
        routes = routes_of(self.file.table, model.name)
        if label:
            if label not in routes.labels:
                raise UnknownModelFailure(f"Unrecognized servable version label: {label}")
            return routes.labels[label]
        if routes.champion in model.available:
            return routes.champion
        return model.newest().number

    async def answer(self, question: Question) -> Prediction:
        """Answer a question.

        Raises:
            ServingFailure: nothing could answer, or the question is wrong.
        """
        model = self.models.model(question.model)
        routes = routes_of(self.file.table, model.name)
        started = time.perf_counter()
        rollout, arm = "", Arm.CHAMPION
        if question.version is not None or question.label:
            number = self.version_of(model, question.version, question.label)
            answer = self._ask(model, number, question, question.deadline)
        else:
            rollout = routes.salt if routes.candidate or routes.shadow else ""
            arm = arm_of(question.key, routes.weight if routes.candidate else 0, routes.salt)
            number = next(_order(model, routes, arm))
            answer = self._first(model, routes, arm, question)
        try:
            found = replace(await answer, rollout=rollout)
        except ServingFailure as failure:
            none = Prediction({}, {}, number, number, arm, "", self._generation, rollout)
            self._observe(question, none, started, _reason(failure))
            raise
        self._observe(question, found, started)
        if question.version is None and not question.label:
            for number in routes.shadow:
                self._ask_shadow(model, number, question, rollout)
        return found

    @property
    def _generation(self) -> int:
        return self.file.table.generation

    def _observe(
        self,
        question: Question,
        found: Prediction,
        started: float,
        failure: str = "",
        shadow: bool = False,
    ) -> None:
        if self.observer is not None:
            seconds = time.perf_counter() - started
            self.observer(Observation(question, found, failure, seconds, shadow))

    async def _first(
        self, model: ServedModel, routes: ModelRoutes, arm: Arm, question: Question
    ) -> Prediction:
        """Return the answer of the first version that gives one."""
        numbers = list(dict.fromkeys(_order(model, routes, arm)))
        failed: list[int] = []
        why = ""
        last: ServingFailure | None = None
        for index, number in enumerate(numbers):
            others = len(numbers) - index - 1 + (routes.rule is not None)
            circuit = self._circuits[model.name, number]
            if others and circuit.is_open:
                why = why or "circuit"
                continue
            try:
                deadline = _deadline(question.deadline, others)
                found = await self._ask(model, number, question, deadline)
            except (ModelFailure, UnavailableFailure, LateFailure, UnknownModelFailure) as failure:
                last, why = failure, why or _reason(failure)
                if _reason(failure) != NOT_LOADED:
                    # To ask one that is not there costs nothing, and it may be there at any time.
                    failed.append(number)
                continue
            # What fails on a request that others answer is the version's fault, not the request's.
            for other in failed:
                self._circuits[model.name, other].note(False)
            circuit.note(True)
            return self._marked(found, numbers[0], arm, why)
        if routes.rule is not None:
            return self._marked(_by_rule(model, routes.rule, question), numbers[0], arm, why)
        if isinstance(last, ServingFailure) and len(numbers) == 1:
            raise last
        raise UnavailableFailure(f"no version of {model.name} answers: {last or 'all fail'}")

    def _marked(self, found: Prediction, assigned: int, arm: Arm, why: str) -> Prediction:
        return Prediction(
            found.outputs, found.inputs, found.version, assigned, arm, why, self._generation
        )

    async def _ask(
        self, model: ServedModel, number: int, question: Question, deadline: float
    ) -> Prediction:
        signature = model.version(number).signature(question.signature)
        inputs = question.read(signature)
        name = question.signature or DEFAULT_SIGNATURE
        outputs = await model.predict(number, name, inputs, deadline)
        return Prediction(outputs, inputs, number, number)

    def _ask_shadow(
        self, model: ServedModel, number: int, question: Question, rollout: str
    ) -> None:
        if len(self._shadows) >= _MOST_SHADOWS:
            self.dropped_shadows += 1
            return
        task = asyncio.create_task(self._shadow(model, number, question, rollout))
        self._shadows.add(task)
        task.add_done_callback(self._shadows.discard)

    async def _shadow(
        self, model: ServedModel, number: int, question: Question, rollout: str
    ) -> None:
        started, error = time.perf_counter(), ""
        found = Prediction({}, {}, number, number)
        try:
            found = await self._ask(model, number, question, question.deadline)
        except ServingFailure as failure:
            error = _reason(failure)
        found = replace(found, rollout=rollout, generation=self._generation)
        self._observe(question, found, started, error, shadow=True)

    async def close(self) -> None:
        """Let shadows end."""
        for task in self._shadows:
            task.cancel()
        await asyncio.gather(*self._shadows, return_exceptions=True)


def _order(model: ServedModel, routes: ModelRoutes, arm: Arm) -> Iterator[int]:
    if arm == Arm.CANDIDATE:
        yield routes.candidate
    if routes.champion:
        yield routes.champion
    else:
        yield model.newest().number
    yield from routes.last_good


def _deadline(deadline: float, others: int) -> float:
    if not others:
        return deadline
    now = time.monotonic()
    return now + max(deadline - now, 0) * _SHARE


def _reason(failure: ServingFailure) -> str:
    """Return a failure in a word; `input` for mistakes of the client."""
    if isinstance(failure, ModelFailure):
        return failure.kind
    for kind, word in _WORDS:
        if isinstance(failure, kind):
            return word
    return NOT_LOADED


_WORDS = ((LateFailure, "late"), (OverloadFailure, "overload"), (BadInputFailure, "input"))


def _by_rule(model: ServedModel, rule: Mapping[str, Any], question: Question) -> Prediction:
    signature = Signature()
    for version in model.versions:
        found = version.facts.signatures.get(question.signature or DEFAULT_SIGNATURE)
        if found is not None:
            signature = found
            break
    inputs = question.read(signature)
    rows = max(next((tensor.rows for tensor in inputs.values()), 1), 1)
    try:
        outputs = {
            name: of_lists(
                [value] * rows,
                signature.outputs[name].dtype if name in signature.outputs else "",
            )
            for name, value in rule.items()
        }
    except BadInputFailure as failure:
        raise UnavailableFailure(f"the rule of {model.name} does not fit: {failure}") from None
    return Prediction(outputs, inputs, 0, 0)
