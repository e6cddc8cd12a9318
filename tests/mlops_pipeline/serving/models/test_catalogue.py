"""The catalogue: versions come, replace each other and go, and no request is lost."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.serving.models import (
    BatchOptions,
    ModelCatalogue,
    ModelSource,
    ServingOptions,
    UnknownModelFailure,
    VersionState,
)
from mlops_pipeline.serving.models.tensors import of_lists, to_lists

# Each starts processes of models, which takes seconds.
pytestmark = pytest.mark.slow

LOADER = "mlops_components.serving.functions:load_function"


def source(folder: Path, name: str = "toy", target: str = "make", **more: Any) -> ModelSource:
    options = {"predict": f"toy_models:{target}"}
    return ModelSource(name, folder, LOADER, options, **more)


def with_models(
    sources: list[ModelSource], toys: Path, act: Callable[[ModelCatalogue], Awaitable[Any]]
) -> Any:
    async def go() -> Any:
        options = ServingOptions(
            import_paths=(str(toys),), batching=BatchOptions(max_waiting=10**6)
        )
        catalogue = ModelCatalogue(sources, options, lambda folder: LOADER)
        try:
            await catalogue.refresh()
            return await act(catalogue)
        finally:
            await catalogue.close()

    return asyncio.run(go())


async def ask(models: ModelCatalogue, value: float = 1.0, name: str = "toy") -> Any:
    model = models.model(name)
    outputs = await model.predict(
        model.newest().number, "", {"x": of_lists([value])}, time.monotonic() + 30
    )
    return to_lists(outputs["outputs"])


def test_a_new_version_takes_over_without_a_lost_request(push: Any, toys: Path) -> None:
    folder = push(1, "2")

    async def act(models: ModelCatalogue) -> Any:
        answers: list[Any] = []
        over = asyncio.Event()

        async def client() -> None:
            while not over.is_set():
                answers.append(await ask(models))

        clients = [asyncio.create_task(client()) for _ in range(4)]
        for number, factor in ((2, "3"), (5, "4")):
            push(number, factor)
            await models.refresh()
        over.set()
        await asyncio.gather(*clients)
        answers.append(await ask(models))
        return answers, models.model("toy").available

    answers, available = with_models([source(folder)], toys, act)
    assert available == [5]
    assert answers == sorted(answers)
    assert {each[0] for each in answers} == {2.0, 3.0, 4.0}


def test_a_slow_load_holds_up_no_other_model(push: Any, toys: Path) -> None:
    quick, slow = push(1, "2", "quick"), push(1, "slow", "slow")

    async def act(models: ModelCatalogue) -> Any:
        push(2, "slow", "slow")
        loading = asyncio.create_task(models.model("slow").refresh())
        times = []
        while not loading.done():
            started = time.monotonic()
            await ask(models, name="quick")
            times.append(time.monotonic() - started)
            await asyncio.sleep(0.005)
        await loading
        return times, await ask(models, name="slow")

    times, answer = with_models([source(quick, "quick"), source(slow, "slow")], toys, act)
    assert answer == [5.0]
    assert len(times) > 50
    assert sorted(times)[len(times) // 2] < 0.05


def test_a_broken_version_leaves_the_one_before_and_is_loaded_once_it_is_good(
    push: Any, toys: Path
) -> None:
    folder = push(1, "2")

    async def act(models: ModelCatalogue) -> Any:
        push(2, "broken")
        await models.refresh()
        model = models.model("toy")
        states = [(each.number, each.state, each.error) for each in model.versions]
        first = await ask(models)
        shutil.rmtree(folder / "2")
        push(2, "3")
        await models.refresh()
        return states, first, await ask(models)

    states, first, second = with_models([source(folder)], toys, act)
    assert states[0][:2] == (2, VersionState.END)
    assert "no number" in states[0][2]
    assert states[1][:2] == (1, VersionState.AVAILABLE)
    assert (first, second) == ([2.0], [3.0])


def test_what_is_no_version_is_overlooked(push: Any, toys: Path) -> None:
    folder = push(1)
    for name in ("007", "٣", ".newest-9", "2x", "-1", "9" * 40):
        (folder / name).mkdir()
    (folder / "8").write_text("a file")

    async def act(models: ModelCatalogue) -> Any:
        return models.model("toy").available

    assert with_models([source(folder)], toys, act) == [1]


def test_the_newest_so_many_or_the_named_versions_are_served(push: Any, toys: Path) -> None:
    for number in range(1, 5):
        folder = push(number)

    async def act(models: ModelCatalogue) -> Any:
        models.model("newest").want([1])
        await models.refresh()
        return [model.available for model in models]

    sources = [source(folder, "newest", keep=2), source(folder, "only", only=frozenset({1, 3}))]
    assert with_models(sources, toys, act) == [[4, 3, 1], [3, 1]]


def test_a_folder_that_goes_away_takes_no_loaded_model_with_it(push: Any, toys: Path) -> None:
    folder = push(1)

    async def act(models: ModelCatalogue) -> Any:
        shutil.rmtree(folder)
        await models.refresh()
        first = await ask(models)
        folder.mkdir()
        await models.refresh()
        return first, await ask(models)

    assert with_models([source(folder)], toys, act) == ([2.0], [2.0])


def test_a_model_that_mixes_rows_gets_no_batches(push: Any, toys: Path) -> None:
    folder = push(1)

    async def act(models: ModelCatalogue) -> Any:
        return await asyncio.gather(*(ask(models, float(n)) for n in range(5)))

    found = with_models([source(folder, target="make_mixer")], toys, act)
    assert found == [[float(n)] for n in range(5)]


def test_a_model_that_nobody_knows_is_told(push: Any, toys: Path) -> None:
    async def act(models: ModelCatalogue) -> Any:
        with pytest.raises(UnknownModelFailure, match="nobody"):
            models.model("nobody")
        with pytest.raises(UnknownModelFailure, match="Latest"):
            models.model("empty").newest()
        with pytest.raises(UnknownModelFailure, match="Specific"):
            models.model("toy").version(77)

    empty = toys / "empty"
    empty.mkdir()
    with_models([source(push(1)), source(empty, "empty")], toys, act)
