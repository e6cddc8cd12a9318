"""The router: who answers, who answers instead, and how soon."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.deployment import Arm, arm_of
from mlops_pipeline.deployment.routing_table import (
    ModelRoutes,
    RoutingTable,
    TableFile,
    write_table,
)
from mlops_pipeline.serving.models import (
    BadInputFailure,
    ModelCatalogue,
    ModelFailure,
    ModelSource,
    ProcessLimits,
    ServingOptions,
    UnavailableFailure,
    UnknownModelFailure,
    of_lists,
    to_lists,
)
from mlops_pipeline.serving.router import Observation, Question, Router

# Each starts processes of models, which takes seconds.
pytestmark = pytest.mark.slow

LOADER = "mlops_components.serving.functions:load_function"


def with_router(
    push: Any, toys: Path, routes: ModelRoutes, act: Callable[[Router], Awaitable[Any]]
) -> Any:
    """Do something with a router of three versions that multiply by 2, 3 and 4."""
    for number, factor in ((1, "2"), (2, "3"), (3, "4")):
        folder = push(number, factor)
    table = toys / "table.json"
    write_table(table, RoutingTable(7, {"toy": routes}))

    async def go() -> Any:
        source = ModelSource("toy", folder, LOADER, {"predict": "toy_models:make"})
        limits = ProcessLimits(request_seconds=1.0)
        options = ServingOptions(limits, import_paths=(str(toys),), finite=True)
        models = ModelCatalogue([source], options, lambda folder: LOADER)
        router = Router(models, TableFile(table))
        try:
            router.refresh()
            await models.refresh()
            return await act(router)
        finally:
            await router.close()
            await models.close()

    return asyncio.run(go())


async def ask(router: Router, value: Any = 1.0, seconds: float = 20, **more: Any) -> Any:
    deadline = time.monotonic() + seconds
    question = Question("toy", lambda known: {"x": of_lists([value])}, deadline, **more)
    found = await router.answer(question)
    return to_lists(found.outputs["outputs"])[0], found.version, found.fallback


def test_keys_go_to_their_arm_and_the_rest_to_the_champion(push: Any, toys: Path) -> None:
    async def act(router: Router) -> None:
        for number in range(40):
            key = f"user-{number}"
            is_candidate = arm_of(key, 0.3, "s") == Arm.CANDIDATE
            wanted = (3.0, 2, "") if is_candidate else (2.0, 1, "")
            assert await ask(router, key=key) == wanted
        assert await ask(router) == (2.0, 1, "")
        assert await ask(router, version=3) == (4.0, 3, "")
        assert await ask(router, label="stable") == (2.0, 1, "")
        with pytest.raises(UnknownModelFailure):
            await ask(router, label="other")

    routes = ModelRoutes(1, 2, 0.3, "s", labels={"stable": 1})
    with_router(push, toys, routes, act)


CANDIDATES = [key for key in map(str, range(100)) if arm_of(key, 0.5, "s") == Arm.CANDIDATE]


def break_version(router: Router, number: int) -> None:
    """Let a version answer everything wrongly from now on."""
    version = router.models.model("toy").version(number)

    async def wrong(signature: str, inputs: Any) -> Any:
        raise ModelFailure("it is broken", "raised")

    router.models.model("toy").batcher(number)._ask = wrong
    assert version.is_available


def test_a_version_that_fails_is_stood_in_for_and_then_left_alone(push: Any, toys: Path) -> None:
    async def act(router: Router) -> Any:
        break_version(router, 2)
        return [await ask(router, key=key) for key in CANDIDATES[:10]]

    found = with_router(push, toys, ModelRoutes(1, 2, 0.5, "s", last_good=(3,)), act)
    assert [each[:2] for each in found] == [(2.0, 1)] * 10
    assert [each[2] for each in found] == ["raised"] * 5 + ["circuit"] * 5


def test_after_the_champion_come_the_last_good_ones_and_then_the_rule(
    push: Any, toys: Path
) -> None:
    async def act(router: Router) -> Any:
        break_version(router, 1)
        first = await ask(router)
        break_version(router, 3)
        return first, await ask(router)

    routes = ModelRoutes(1, last_good=(3,), rule={"outputs": 0.5})
    assert with_router(push, toys, routes, act) == ((4.0, 3, "raised"), (0.5, 0, "raised"))


def test_a_version_that_is_not_there_is_stood_in_for(push: Any, toys: Path) -> None:
    async def act(router: Router) -> Any:
        return [await ask(router) for _ in range(8)]

    found = with_router(push, toys, ModelRoutes(99, last_good=(3,)), act)
    # It may be loaded at any time: no circuit opens.
    assert found == [(4.0, 3, "not_loaded")] * 8


def test_a_mistake_of_the_client_goes_to_nobody_else(push: Any, toys: Path) -> None:
    async def act(router: Router) -> None:
        with pytest.raises(BadInputFailure):
            await ask(router, value=None)
        with pytest.raises(BadInputFailure):
            await ask(router, signature="nobody")

    with_router(push, toys, ModelRoutes(1, last_good=(3,)), act)


def test_a_request_that_ends_every_model_opens_no_circuit(push: Any, toys: Path) -> None:
    async def act(router: Router) -> Any:
        for _ in range(6):
            with pytest.raises(UnavailableFailure):
                await ask(router, value=-3.0)
        return await ask(router)

    assert with_router(push, toys, ModelRoutes(1, last_good=(3,)), act) == (2.0, 1, "")


def test_a_model_that_hangs_is_stood_in_for_within_the_time(push: Any, toys: Path) -> None:
    async def act(router: Router) -> Any:
        started = time.monotonic()
        hanging = asyncio.create_task(ask(router, value=-2.0, seconds=4.0, version=1))
        await asyncio.sleep(0)
        found = await ask(router, seconds=0.8)
        with pytest.raises(ModelFailure, match="more than 1 s"):
            await hanging
        return time.monotonic() - started, found, await ask(router)

    seconds, meanwhile, after = with_router(push, toys, ModelRoutes(1, last_good=(3,)), act)
    assert seconds < 4
    assert meanwhile == (4.0, 3, "late")
    assert after == (2.0, 1, "")


def test_a_shadow_is_asked_and_nobody_waits_for_it(push: Any, toys: Path) -> None:
    seen: list[Any] = []

    async def act(router: Router) -> Any:
        def note(each: Observation) -> None:
            if each.shadow:
                seen.append((each.found.version, each.failure))

        router.observer = note
        answers = [await ask(router), await ask(router, value=-7.0)]
        deadline = time.monotonic() + 30
        while len(seen) < 4 and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        return answers

    found = with_router(push, toys, ModelRoutes(1, shadow=(2, 77)), act)
    assert found == [(2.0, 1, ""), (-14.0, 1, "")]
    assert sorted(number for number, _ in seen) == [2, 2, 77, 77]
    assert {bool(error) for number, error in seen if number == 77} == {True}


def test_an_observer_sees_answers_and_failures_with_their_arm(push: Any, toys: Path) -> None:
    seen: list[Observation] = []

    async def act(router: Router) -> None:
        router.observer = seen.append
        await ask(router, key=CANDIDATES[0])
        await ask(router, version=1)
        with pytest.raises(BadInputFailure):
            await ask(router, value=None, key=CANDIDATES[0])
        break_version(router, 1)
        break_version(router, 2)
        with pytest.raises(UnavailableFailure):
            await ask(router, key=CANDIDATES[0])

    with_router(push, toys, ModelRoutes(1, 2, 0.5, "s"), act)
    facts = [(s.failure, s.found.arm, s.found.assigned, s.found.rollout) for s in seen]
    assert facts == [
        ("", Arm.CANDIDATE, 2, "s"),
        # Who names a version takes part in no rollout.
        ("", Arm.CHAMPION, 1, ""),
        ("input", Arm.CANDIDATE, 2, "s"),
        ("not_loaded", Arm.CANDIDATE, 2, "s"),
    ]
    assert all(each.seconds > 0 for each in seen)
