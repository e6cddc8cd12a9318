import base64
import html
import json
import sys
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest

from mlops_pipeline.artifacts import Model
from mlops_pipeline.errors import ExecutorError, NotFoundError
from mlops_pipeline.executors import ArtifactRef, Redactor, Task, execute
from mlops_pipeline.executors.failure import failed
from mlops_pipeline.interface import Output
from mlops_pipeline.ir import FunctionExecutor

SEEN: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def _nothing_seen():
    SEEN.clear()


def task_of(function, **fields):
    target = f"{__name__}:{function.__qualname__}"
    return Task("run-1/node", FunctionExecutor(target), **fields)


def run(function, **fields):
    return execute(task_of(function, **fields))


def remember(token: str, *, model: Output[Model]) -> None:
    model.properties["url"] = {"with": [f"https://{token}@host"]}


def test_secret_in_a_property_is_hidden(monkeypatch, tmp_path):
    monkeypatch.setenv("API_TOKEN", "s3cr3t")
    outputs = {"model": ArtifactRef("Model", str(tmp_path))}
    result = run(remember, secrets={"token": "API_TOKEN"}, outputs=outputs)
    assert result.properties == {"model": {"url": {"with": ["https://***@host"]}}}


def give_up(retryable: bool) -> None:
    raise ExecutorError("quota used up", hint="wait", retryable=retryable, details="429")


@pytest.mark.parametrize("retryable", [True, False])
def test_executor_error_says_itself_whether_to_try_again(retryable):
    result = run(give_up, parameters={"retryable": retryable})
    assert (result.error, result.hint, result.details) == ("quota used up", "wait", "429")
    assert result.retryable is retryable


def look_for_split() -> None:
    raise NotFoundError("no split 'eval'", hint="its splits are train")


def test_other_errors_of_the_framework_are_not_tried_again():
    result = run(look_for_split)
    assert (result.error, result.hint) == ("no split 'eval'", "its splits are train")
    assert not result.retryable


def leave() -> None:
    sys.exit(3)


def test_sys_exit_is_a_failure_and_not_an_exit():
    result = run(leave)
    assert result.error == "SystemExit: 3"
    assert "must not end its process" in result.hint


def interrupt() -> None:
    raise KeyboardInterrupt


def test_keyboard_interrupt_gets_through():
    with pytest.raises(KeyboardInterrupt):
        run(interrupt)


KEY = "CaNaRy/7f+3a9b@x y"


@pytest.mark.parametrize(
    "write",
    [
        str,
        repr,
        lambda key: urllib.parse.quote(key, safe=""),
        lambda key: urllib.parse.quote(key),
        lambda key: urllib.parse.quote_plus(key),
        lambda key: key.encode().hex(),
        lambda key: base64.b64encode(key.encode()).decode().rstrip("="),
        lambda key: base64.b64encode(f"user:{key}".encode()).decode(),
        lambda key: base64.b64encode(f"me:{key}:more".encode()).decode(),
        lambda key: base64.urlsafe_b64encode(f"a{key}".encode()).decode(),
    ],
)
def test_a_secret_is_hidden_however_it_is_written(write: Callable[[str], str]) -> None:
    # Files and Kubernetes add the newline.
    written = write(KEY)
    shown = Redactor([f"{KEY}\n"]).text(f"401 for {written} at last")
    assert "***" in shown
    # At the ends of base64, three bytes may be mixed with others.
    assert not any(written[n : n + 9] in shown for n in range(len(written) - 8))


def fail_at_length(token: str) -> None:
    raise ValueError("x" * 9000 + token + "y" * 7970)


def test_a_secret_is_hidden_before_the_traceback_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    token = "CaNaRy-0123456789abcdef0123456789abcdef"
    monkeypatch.setenv("API_TOKEN", token)
    details = run(fail_at_length, secrets={"token": "API_TOKEN"}).details
    assert "***" in details
    assert token[14:] not in details


def say(token: str) -> None:
    sys.stderr.write(f"with {token}\n")
    sys.stdout.writelines([f"{token}\n", "and more\n"])


def test_secrets_that_are_printed_in_this_process_are_hidden(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("API_TOKEN", "s3cr3t-and-long")
    run(say, secrets={"token": "API_TOKEN"})
    said = capsys.readouterr()
    assert (said.out, said.err) == ("***\nand more\n", "with ***\n")


@pytest.mark.parametrize("before", [0, 1, 8_000, 9_000])
@pytest.mark.parametrize("after", [7_960, 7_970, 7_990, 8_100])
def test_a_secret_in_which_a_text_was_cut_is_hidden(before: int, after: int) -> None:
    secret = "CaNaRy-0123456789abcdef0123456789abcdef"
    result = failed(ValueError("x" * before + secret + "y" * after))
    shown = Redactor([secret]).result(result).details
    assert not any(secret[start : start + 10] in shown for start in range(len(secret) - 10))
    assert "yyyy" in shown


@pytest.mark.parametrize(
    "write",
    [
        lambda secret: base64.encodebytes(secret.encode()).decode(),
        lambda secret: json.dumps({"body": json.dumps({"token": secret})}),
        html.escape,
    ],
    ids=["lines of base64", "JSON in JSON", "HTML"],
)
def test_a_secret_is_hidden_in_what_is_written_around_it(write: Callable[[str], str]) -> None:
    secret = 'CaNaRy"&<' + "0123456789abcdef" * 12
    shown = Redactor([secret]).text(write(secret))
    assert "0123456789" not in shown
    assert "MDEyMzQ1" not in shown
    assert base64.encodebytes(secret.encode()).decode()[77:100] not in shown
