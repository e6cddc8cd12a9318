from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.executors import ArtifactRef, Task, TaskResult, execute
from mlops_pipeline.executors.observation import MOST
from mlops_pipeline.ir import FunctionExecutor
from mlops_pipeline.user_code import digest_source

CODE = """
import os, subprocess, sys
from pathlib import Path

def reads(number: int) -> int:
    for index in range(number):
        Path(f"{index}.txt").exists()
    return number

def rate(number: int) -> int:
    return len(os.environ.get("RATE", "none"))

def by_plugin(number: int) -> int:
    return __import__("observed_plugin").K

def takes(number: int) -> int:
    text = Path("rows.txt").read_text()
    Path("rows.txt").unlink()
    return len(text)

def shows(number: int) -> int:
    return len(subprocess.run(["cat", "rows.txt"], capture_output=True, check=True).stdout)

def copies(number: int) -> int:
    subprocess.run(["cp", "rows.txt", "copy.txt"], check=True)
    return len(Path("copy.txt").read_text())

def by_child(number: int) -> int:
    code = "open('rows.txt').read(); open('read', 'w').close(); import sys; sys.stdin.read()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    Path("go").read_text()
    child.communicate()
    return child.returncode

def appends(number: int) -> int:
    text = Path("rows.txt").read_text()
    Path("rows.txt").write_text(text + "x")
    return number
"""


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "observed_code.py").write_text(CODE)
    (tmp_path / "observed_plugin.py").write_text("K = 1\n")
    (tmp_path / "rows.txt").touch()
    monkeypatch.chdir(tmp_path)

    def run(function: str, number: int = 1, **further: Any) -> TaskResult:
        task = Task(
            "run/node",
            FunctionExecutor(f"observed_code:{function}"),
            parameters={"number": number},
            outputs={"output": ArtifactRef("Integer", str(tmp_path / "out" / "value"))},
            values=("output",),
            import_paths=(str(tmp_path),),
            key="0123456789",
            **further,
        )
        return execute(task)

    yield run
    for name in ("observed_code", "observed_plugin"):
        sys.modules.pop(name, None)


def test_values_of_variables_are_not_in_the_result(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE", "a secret value")
    observed = call("rate").observed
    assert list(observed.environment) == ["RATE"]
    assert "secret" not in str(observed)


def test_what_is_too_much_to_keep_is_not_kept_in_part(call: Any) -> None:
    assert call("reads", MOST).observed.complete
    assert not call("reads", MOST + 1).observed.complete


def test_a_module_that_the_key_does_not_name_is_loaded_anew_for_each_task(
    call: Any, tmp_path: Path
) -> None:
    assert call("by_plugin").error == ""
    assert "observed_plugin" not in sys.modules
    (tmp_path / "observed_plugin.py").write_text("K = 22\n")
    assert call("by_plugin").error == ""
    assert (tmp_path / "out" / "value").read_text() == "22"


def test_loaded_code_that_the_key_does_not_say_is_not_run(call: Any, tmp_path: Path) -> None:
    file = str(tmp_path / "observed_code.py")
    assert call("rate", code={file: digest_source(file)}).error == ""
    result = call("rate", code={file: "of a newer text"})
    assert result.stale == file
    assert "was changed after this process had imported it" in result.error


def test_the_process_is_left_as_it_was(call: Any) -> None:
    before = os.stat
    call("rate")
    kept = type(os.environ).__getitem__
    call("rate")
    assert (type(os.environ).__getitem__, os.stat) == (kept, before)


@pytest.mark.slow  # hundreds of tasks
def test_variables_are_seen_in_however_many_tasks(call: Any) -> None:
    # Python 3.13 follows no more than a thousand changes of a class, in code that runs often.
    for _ in range(600):
        result = call("rate")
        assert [os.environ.get("RATE") for _ in range(4)] == [None] * 4
    assert list(result.observed.environment) == ["RATE"]


def test_a_file_counts_that_was_written_just_before_a_program_reads_it(
    call: Any, tmp_path: Path
) -> None:
    (tmp_path / "rows.txt").write_text("1\n")
    assert "rows.txt" in {Path(name).name for name in call("shows").observed.files}


def test_a_file_that_changes_after_a_child_has_read_it_counts_as_it_was(
    call: Any, tmp_path: Path
) -> None:
    (tmp_path / "rows.txt").write_text("1\n")
    os.mkfifo(tmp_path / "go")

    def edit() -> None:
        # The task waits until somebody has the pipe open.
        with (tmp_path / "go").open("w"):
            while not (tmp_path / "read").exists():
                time.sleep(0.01)
            (tmp_path / "rows.txt").write_text("edited\n")

    with ThreadPoolExecutor(1) as pool:
        edited = pool.submit(edit)
        files = call("by_child").observed.files
        edited.result()
    (stamp,) = (stamp for name, stamp in files.items() if name.endswith("rows.txt"))
    assert stamp.startswith("2:")


def test_a_file_does_not_count_that_a_program_writes(call: Any, tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("1\n")
    assert "copy.txt" not in {Path(name).name for name in call("copies").observed.files}


def test_a_file_that_the_task_reads_and_then_writes_has_changed(call: Any, tmp_path: Path) -> None:
    stamp = call("appends").observed.files["rows.txt"]
    assert stamp.startswith("0:")


def test_what_a_task_uses_is_not_counted_for_the_script_that_runs_it(
    call: Any, tmp_path: Path
) -> None:
    script = compile("result = call('rate')", str(tmp_path / "script.py"), "exec")
    names = {"call": call}
    exec(script, names)  # noqa: S102 - as Python runs a script
    assert list(names["result"].observed.environment) == ["RATE"]


def test_a_file_that_was_read_counts_though_it_is_removed_then(call: Any) -> None:
    assert "rows.txt" in call("takes").observed.files


def test_what_an_installed_component_reads_by_itself_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "lib" / "site-packages"
    package.mkdir(parents=True)
    text = CODE.replace("rows.txt", str(tmp_path / "r"))
    text = text.replace("def takes", "from mlops_pipeline import component\n@component\ndef takes")
    (package / "installed_reader.py").write_text(text)
    (tmp_path / "r").write_text("1")
    monkeypatch.syspath_prepend(str(package))
    task = Task(
        "run/node",
        FunctionExecutor("installed_reader:takes"),
        parameters={"number": 1},
        outputs={"output": ArtifactRef("Integer", str(tmp_path / "out" / "value"))},
        values=("output",),
        key="0123456789",
    )
    result = execute(task)
    sys.modules.pop("installed_reader")
    assert (result.error, result.observed.files) == ("", {})
