import logging
from pathlib import Path

from worker_tasks import value

from mlops_pipeline.executors import ArtifactRef, Task
from mlops_pipeline.ir import FunctionExecutor
from mlops_pipeline.runners.workers import WorkerPool


def test_worker_loads_nothing_heavy(task, code, tmp_path):
    (code / "list_modules.py").write_text(
        "import sys\ndef names() -> None: print(*sys.modules, sep='\\n')\n"
    )
    with WorkerPool(1) as pool:
        listing = Task(
            "run-1/node",
            FunctionExecutor("list_modules:names"),
            log=str(tmp_path / "log"),
            import_paths=(str(code),),
        )
        assert pool.execute(listing).error == ""
    loaded = set((tmp_path / "log").read_text().split())
    assert loaded.isdisjoint(
        {"click", "rich", "fsspec", "ml_metadata", "tensorflow", "asyncio", "logging", "subprocess"}
    )


def test_working_folder_is_put_back(shared, task, tmp_path):
    outputs = {"output": ArtifactRef("String", str(tmp_path / "folder" / "value"))}
    for _ in range(2):
        shared.execute(task("move", outputs=outputs, values=("output",)))
        assert (tmp_path / "folder" / "value").read_text() == str(Path.cwd())


def test_threads_left_printing_do_not_stop_the_next_task(task, tmp_path):
    with WorkerPool(1) as pool:
        assert pool.execute(task("chatter")).error == ""
        assert pool.execute(task("own_pid", timeout=20, **value(tmp_path))).error == ""


def test_forked_child_that_comes_back_does_not_reply(task, tmp_path):
    with WorkerPool(1) as pool:
        assert pool.execute(task("fork")).error == ""
        assert pool.execute(task("own_pid", **value(tmp_path))).error == ""


def test_logging_of_the_parent_is_left_alone(shared, task, caplog):
    with caplog.at_level(logging.DEBUG):
        shared.execute(task("speak"))
    assert caplog.records == []


def test_exit_handlers_of_user_code_run_when_the_pool_is_closed(task, tmp_path):
    with WorkerPool(1) as pool:
        pool.execute(task("register", parameters={"path": str(tmp_path / "left")}))
    assert (tmp_path / "left").exists()


def test_properties_that_json_has_no_numbers_for_come_and_go(shared, task, tmp_path):
    losses = ArtifactRef("Examples", str(tmp_path), properties={"loss": float("inf")})
    examples = ArtifactRef("Examples", str(tmp_path / "examples"))
    fields = {"inputs": {"losses": [losses]}, "outputs": {"examples": examples}}
    result = shared.execute(task("measure", **fields))
    assert result.error == ""
    assert result.properties == {"examples": {"loss": float("inf"), "most": 2**70}}
