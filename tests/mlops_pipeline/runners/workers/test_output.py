import pytest

from mlops_pipeline.executors import Task
from mlops_pipeline.ir import FunctionExecutor
from mlops_pipeline.runners.workers import WorkerPool
from mlops_pipeline.runners.workers.output import Output

SPOKEN = {"printed", "WARNING:root:logged", "from C", "from a child", "buffered by C"}


def test_everything_printed_is_logged_and_handed_on(task, tmp_path, capfd):
    lines = []
    with WorkerPool(1, on_output=lambda task, line: lines.append((task.name, line))) as pool:
        assert pool.execute(task("speak")).error == ""
    log = (tmp_path / "logs" / "node.log").read_text()
    assert {line for line in log.splitlines() if "unfinished" not in line} <= SPOKEN
    assert all(words in log for words in (*SPOKEN, "unfinished"))
    assert "\n".join(line for _, line in lines) == log.rstrip("\n")
    assert {name for name, _ in lines} == {"run-1/node"}
    assert capfd.readouterr().out == ""


def test_secrets_are_hidden_in_log_lines_and_result(task, tmp_path, monkeypatch):
    monkeypatch.setenv("POOL_TOKEN", "s3cr3t")
    lines = []
    with WorkerPool(1, on_output=lambda task, line: lines.append(line)) as pool:
        result = pool.execute(task("whisper", secrets={"token": "POOL_TOKEN"}))
    assert result.error == "ValueError: refused ***"
    assert lines == ["the token is ***"]
    assert (tmp_path / "logs" / "node.log").read_text() == "the token is ***\n"


def test_much_output_arrives_whole(shared, task, tmp_path):
    assert shared.execute(task("flood", parameters={"lines": 2000})).error == ""
    log = (tmp_path / "logs" / "node.log").read_text().splitlines()
    assert [int(line.split()[0]) for line in log] == list(range(2000))


@pytest.mark.parametrize("function", ["close_output", "replace_output"])
def test_task_that_loses_its_output_does_no_harm_to_the_next(task, tmp_path, function):
    with WorkerPool(1) as pool:
        assert pool.execute(task(function)).error == ""
        assert pool.execute(task("speak")).error == ""
    assert "printed" in (tmp_path / "logs" / "node.log").read_text()


def test_a_secret_across_the_pieces_of_a_long_line_is_hidden(tmp_path, monkeypatch):
    token = "".join(f"{i:04x}" for i in range(300))
    monkeypatch.setenv("API_TOKEN", token)
    log = tmp_path / "log"
    whispers = Task("r/n", FunctionExecutor("a:b"), secrets={"token": "API_TOKEN"}, log=str(log))
    output = Output(whispers, None)
    line = b"x" * 66_000 + token.encode() + b"y" * 100
    for start in range(0, len(line), 65536):
        output.feed(line[start : start + 65536])
    output.close()
    assert log.read_text() == "x" * 66_000 + "***" + "y" * 100
