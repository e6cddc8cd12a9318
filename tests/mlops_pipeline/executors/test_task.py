import msgspec

from mlops_pipeline.executors.task import ArtifactRef, Task, TaskResult
from mlops_pipeline.gate import Finding, Gate
from mlops_pipeline.ir import FunctionExecutor


def test_a_task_crosses_a_process_border_as_json() -> None:
    task = Task(
        "r1/Train",
        FunctionExecutor("module:train"),
        inputs={"examples": [ArtifactRef("Examples", "/a", 1, {"span": 3})]},
        outputs={"model": ArtifactRef("Model", "/b")},
        parameters={"steps": 5},
        secrets={"token": "API_TOKEN"},
    )
    assert msgspec.json.decode(msgspec.json.encode(task), type=Task) == task


def test_a_result_crosses_back_with_its_gate() -> None:
    result = TaskResult(error="no rows", retryable=False, gate=Gate((Finding("skip", "few"),)))
    assert msgspec.json.decode(msgspec.json.encode(result), type=TaskResult) == result


def test_what_is_not_said_takes_no_room() -> None:
    assert msgspec.json.encode(TaskResult()) == b"{}"
