import math

from mlops_pipeline.executors import Task, TaskResult
from mlops_pipeline.ir import FunctionExecutor
from mlops_pipeline.runners.workers.messages import Reply, TaskRequest, from_line, to_line


def test_a_request_comes_through_as_one_line():
    text = "several\nlines, \u2028 and \ud800"
    task = Task("run-1/node", FunctionExecutor("code:f"), parameters={"text": text})
    line = to_line(TaskRequest(task, "end"))
    assert line.count(b"\n") == 1
    assert from_line(line, TaskRequest) == TaskRequest(task, "end")


def test_numbers_that_json_does_not_know_come_through():
    properties = {"output": {"loss": math.inf, "least": -math.inf, "rate": math.nan}}
    read = from_line(to_line(Reply(TaskResult(properties=properties))), Reply)
    found = read.result.properties["output"]
    assert (found["loss"], found["least"]) == (math.inf, -math.inf)
    assert math.isnan(found["rate"])
