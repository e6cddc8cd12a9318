"""SpareProcesses: warm processes that wait for a model."""

import asyncio

import pytest

from mlops_pipeline.serving.models import ModelFailure, ProcessLimits
from mlops_pipeline.serving.models.spares import SpareProcesses

# Each starts processes of models, which takes seconds.
pytestmark = pytest.mark.slow

KEY = ("mlops_components.serving.functions:load_function", ())


def test_a_spare_is_taken_once_and_all_end_with_the_server() -> None:
    async def act() -> None:
        spares = SpareProcesses(ProcessLimits())
        spares.refill(KEY)
        spares.refill(KEY)
        one = await spares.take(KEY)
        other = await spares.take(KEY)
        assert one.pid != other.pid
        spares.refill(KEY)
        dead = await spares.take(KEY)
        dead.end("test")
        spares.refill(KEY)
        await spares.close()
        for process in (one, other):
            process.end("test")

    asyncio.run(act())


def test_a_spare_that_died_in_the_meantime_is_not_handed_out() -> None:
    async def act() -> None:
        spares = SpareProcesses(ProcessLimits())
        spares.refill(KEY)
        (task,) = spares._waiting.values()
        (await task).end("test")
        process = await spares.take(KEY)
        assert process.is_alive
        process.end("test")
        await spares.close()

    asyncio.run(act())


def test_a_loader_that_cannot_be_imported_is_told() -> None:
    async def act() -> None:
        spares = SpareProcesses(ProcessLimits())
        with pytest.raises(ModelFailure, match="no_such_module"):
            await spares.take(("no_such_module:load", ()))
        await spares.close()

    asyncio.run(act())
