from __future__ import annotations

from typing import Any

import pytest

from mlops_pipeline.executors.programs import named_variables, variables_of, words_of


@pytest.mark.parametrize(("command", "words"), [
    (["cat", "a.txt"], {"cat", "a.txt"}),
    ("cat <a.txt >b.txt", {"cat", "a.txt", "b.txt"}),
    (["sh", "-c", "grep x 'my.txt'; ls"], {"grep", "x", "my.txt", "ls"}),
    (["grep", "--file=a.txt"], {"a.txt"}),
    (b"cat a.txt", {"a.txt"}),
])  # fmt: skip
def test_words_of_a_command_are_found_in_options_and_shell_text(
    command: Any, words: set[str]
) -> None:
    assert set(words_of(command)) >= words


@pytest.mark.parametrize(("command", "names"), [
    ("echo $RATE ${OTHER}", ["RATE", "OTHER"]),
    (["/bin/sh", "-c", "echo $RATE"], ["RATE"]),
    (["printenv", "RATE"], ["RATE"]),
    (["echo", "$RATE"], []),
    ("echo RATE", []),
])  # fmt: skip
def test_variables_are_those_that_a_shell_reads(command: Any, names: list[str]) -> None:
    assert variables_of(command) == names


def test_variables_that_code_or_a_parameter_names_count() -> None:
    environment = {b"RATE": b"1", b"mode": b"2", b"APP_A": b"3", b"OTHER": b"4"}
    code = "x['RATE'], x.get('ABSENT'), x[b'mode'], x.startswith('APP_')"
    found = {*named_variables([code], {}, environment)}
    assert found == {"RATE", "ABSENT", "mode", "APP_", "APP_*", "APP_A"}
    assert {*named_variables([], {"a": ["OTHER"]}, environment)} == {"OTHER"}
    assert {*named_variables(["not Python"], {}, environment)} == set()
