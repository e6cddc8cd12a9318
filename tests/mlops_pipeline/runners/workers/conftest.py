import pytest
from worker_tasks import USER_CODE

from mlops_pipeline.executors import Task
from mlops_pipeline.ir import FunctionExecutor
from mlops_pipeline.runners.workers import WorkerPool


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    folder = tmp_path_factory.mktemp("user")
    (folder / "pool_user_code.py").write_text(USER_CODE)
    return folder


@pytest.fixture
def task(code, tmp_path):
    def make(function, **fields):
        executor = FunctionExecutor(f"pool_user_code:{function}")
        log = str(tmp_path / "logs" / "node.log")
        return Task("run-1/node", executor, log=log, import_paths=(str(code),), **fields)

    return make


@pytest.fixture(scope="module")
def shared():
    """For tests that leave their worker in order: starting one takes a moment."""
    with WorkerPool(1) as pool:
        yield pool
