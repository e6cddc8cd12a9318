import io
import os
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

import msgspec
import pytest

from mlops_pipeline import Container, component
from mlops_pipeline.artifacts import Examples, Integer, Model, Schema
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.executors import ArtifactRef, Task, execute
from mlops_pipeline.executors.container import find_engine
from mlops_pipeline.interface import Input, Output
from mlops_pipeline.ir import ContainerExecutor
from mlops_pipeline.runners.workers import WorkerPool
from mlops_pipeline.testing import run_component

IMAGE = "localhost/mlops-pipeline-test:latest"
APPLETS = ("sh", "cat", "cp", "echo", "id", "sleep", "touch", "env")
# For machines that lack what the defaults need: cgroup v2, CAP_SYS_RESOURCE, a journal.
MODEST = """
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = ["nofile=1000:1000", "nproc=1000:1000"]
"""


def image_archive(busybox):
    """A file system with nothing in it but a static busybox."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(busybox, "bin/busybox")
        for applet in APPLETS:
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    return archive.getvalue()


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """The container command, with an image to run; tests are skipped aloud where it fails."""
    busybox = shutil.which("busybox")
    try:
        path = find_engine()
    except ExecutorError as error:
        pytest.skip(f"NO CONTAINER WAS RUN: {error.message}")
    if not busybox:
        pytest.skip("NO CONTAINER WAS RUN: needs a static busybox (Debian: busybox-static)")
    modest = tmp_path_factory.mktemp("containers") / "containers.conf"
    modest.write_text(MODEST)
    made = subprocess.run(
        [path, "import", "-", IMAGE], input=image_archive(busybox), capture_output=True
    )
    trial = [path, "run", "--rm", "--entrypoint", "/bin/echo", IMAGE, "works"]
    with pytest.MonkeyPatch.context() as patch:
        for settings in ({}, {"CONTAINERS_CONF": str(modest)}):
            for name, value in settings.items():
                patch.setenv(name, value)
            ran = subprocess.run(trial, capture_output=True, text=True)
            if ran.stdout == "works\n":
                yield path
                subprocess.run([path, "rmi", "--force", IMAGE], capture_output=True)
                return
    pytest.skip(f"NO CONTAINER WAS RUN: {path}: {(made.stderr.decode() + ran.stderr).strip()}")


def train(
    examples: Input[Examples],
    more: list[Input[Examples]],
    schema: Input[Schema] | None = None,
    *,
    model: Output[Model],
    rows: Output[Integer],
    steps: int = 1,
    layers: dict[str, int] | None = None,
    data: Path = Path("/"),
) -> None:
    """The interface of the container below."""


@pytest.fixture
def task(tmp_path):
    for name in ("examples", "more-1", "more-2", "data"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows").write_text(f"rows of {name}")

    def make(*command, environment=None, image=IMAGE, **fields):
        ref = {path.name: ArtifactRef("Examples", str(path)) for path in tmp_path.iterdir()}
        return Task(
            "run-1/node",
            ContainerExecutor(image, command, environment or {}, f"{__name__}:train"),
            inputs={
                "examples": [ref["examples"]],
                "more": [ref["more-1"], ref["more-2"]],
                "schema": [],
            },
            outputs={
                "model": ArtifactRef("Model", str(tmp_path / "out" / "model")),
                "rows": ArtifactRef("Integer", str(tmp_path / "out" / "rows" / "value")),
            },
            many=("more",),
            parameters={"steps": 3, "layers": {"a": 1}, "data": str(tmp_path / "data")},
            **fields,
        )

    return make


def shell(script, *arguments):
    return ("sh", "-c", script, "name", *arguments)


ROWS = "echo 7 > {{outputs.rows.path}}"


@pytest.mark.container
def test_container_reads_inputs_and_writes_outputs(engine, task, tmp_path):
    script = (
        'cp "$1/rows" {{outputs.model.path}}/weights; shift;'
        'echo "$@" > {{outputs.model.uri}}/args;'
        "cat {{parameters.data}}/rows > {{ outputs.model.path }}/data;" + ROWS
    )
    arguments = (
        "{{inputs.examples.path}}",
        "{{inputs.more.uri}}",
        "{{inputs.schema.path}}",
        "--steps={{parameters.steps}}",
        "{{parameters.layers}}",
        "{{ left }}",
    )
    assert execute(task(*shell(script, *arguments))) == execute(task(*shell(ROWS)))
    model = tmp_path / "out" / "model"
    assert (model / "weights").read_text() == "rows of examples"
    assert (model / "data").read_text() == "rows of data"
    assert (model / "args").read_text() == (
        f'{tmp_path}/more-1 {tmp_path}/more-2 --steps=3 {{"a": 1}} {{{{ left }}}}\n'
    )
    assert Integer(str(tmp_path / "out" / "rows" / "value")).read() == 7
    assert (model / "weights").stat().st_uid == os.getuid()


@component(
    executor=Container(IMAGE, ["sh", "-c", "echo {{parameters.steps}} > {{outputs.rows.path}}"])
)
def InContainer(rows: Output[Integer], steps: int) -> None: ...


@pytest.mark.container
def test_a_component_in_a_container_runs(engine):
    assert run_component(InContainer, steps=5).value == 5


@pytest.mark.container
def test_inputs_cannot_be_written(engine, task, tmp_path):
    result = execute(task(*shell("touch {{inputs.examples.path}}/mine")))
    assert "ended with exit code 1" in result.error
    assert "Read-only file system" in result.details
    assert not (tmp_path / "examples" / "mine").exists()


@pytest.mark.container
def test_failing_container_gives_exit_code_and_last_words(engine, task):
    result = execute(task(*shell("echo first; echo no rows >&2; exit 3")))
    assert result.error == f"container {IMAGE} ended with exit code 3"
    assert result.details == "first\nno rows"
    assert result.retryable


@pytest.mark.container
@pytest.mark.parametrize(
    ("command", "image", "error", "retryable"),
    [
        (("no-such-command",), IMAGE, "does not have its command", False),
        (("sh",), "localhost/mlops-pipeline-absent", "could not be started", True),
        (shell("echo killed; exit 137"), IMAGE, "was killed by SIGKILL", True),
    ],
)
def test_container_that_cannot_run_says_why(engine, task, command, image, error, retryable):
    result = execute(task(*command, image=image))
    assert error in result.error
    assert result.details
    assert result.retryable is retryable


@pytest.mark.container
def test_value_that_is_not_written_is_named(engine, task):
    result = execute(task("echo"))
    assert result.error == "value output 'rows': the container did not write it"
    assert "{{outputs.rows.path}}" in result.hint


@pytest.mark.container
def test_value_of_the_wrong_form_is_named(engine, task):
    result = execute(task(*shell("echo seven > {{outputs.rows.path}}")))
    assert "wrote what cannot be read" in result.error


@pytest.mark.container
def test_secret_is_in_the_environment_and_not_in_the_log(engine, task, tmp_path, monkeypatch):
    monkeypatch.setenv("OUR_TOKEN", "s3cr3t")
    script = 'echo "$TOKEN" > {{outputs.model.path}}/token; env; exit 1'
    environment = {"TOKEN": "{{parameters.token}}", "STEPS": "{{parameters.steps}}"}
    log = tmp_path / "log"
    secret = task(
        *shell(script), environment=environment, secrets={"token": "OUR_TOKEN"}, log=str(log)
    )
    with WorkerPool(1) as pool:
        result = pool.execute(secret)
    assert (tmp_path / "out" / "model" / "token").read_text() == "s3cr3t\n"
    assert "TOKEN=***" in log.read_text()
    assert "STEPS=3" in log.read_text()
    assert "TOKEN=***" in result.details
    assert "s3cr3t" not in log.read_text() + repr(result)


def left_over(engine):
    listing = [engine, "ps", "--all", "--quiet", "--filter", "label=mlops.task=run-1/node"]
    return subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split()


WAIT = "touch {{outputs.model.path}}/started; sleep 600"


@pytest.mark.container
def test_late_container_is_ended(engine, task, tmp_path):
    result = execute(task(*shell(WAIT), timeout=3.0))
    assert result.error == "run-1/node timed out after 3 s"
    assert (tmp_path / "out" / "model" / "started").exists()
    assert left_over(engine) == []


@pytest.mark.container
def test_canceled_container_is_ended(engine, task, tmp_path):
    def cancel_when_started(task, line):
        pool.cancel_all()

    with WorkerPool(1, on_output=cancel_when_started) as pool:
        result = pool.execute(task(*shell(f"echo started; {WAIT}")))
    assert result.error == "run-1/node was canceled"
    deadline = time.monotonic() + 20
    while left_over(engine):
        assert time.monotonic() < deadline
    assert left_over(engine) == []


# What needs no engine.


def test_missing_engine_is_named(task, monkeypatch):
    monkeypatch.setenv("PATH", "")
    result = execute(task("sh"))
    assert result.error == ("run-1/node needs podman or docker, and neither is on the PATH")
    assert "install podman" in result.hint
    assert not result.retryable


@pytest.mark.parametrize(
    ("word", "error", "hint"),
    [
        ("{{inputs.example.path}}", "names inputs.example,", "did you mean 'examples'?"),
        ("{{parameters.stops}}", "names parameters.stops,", "did you mean 'steps'?"),
        ("{{outputs.model}}", "lacks .uri or .path", "write {{outputs.model.path}}"),
    ],
)
def test_placeholder_that_names_nothing_is_refused(task, word, error, hint):
    result = execute(task("echo", word))
    assert error in result.error
    assert result.hint == hint
    assert not result.retryable


def test_secret_in_the_command_is_refused(task, monkeypatch):
    monkeypatch.setenv("OUR_TOKEN", "s3cr3t")
    result = execute(task("echo", "{{parameters.token}}", secrets={"token": "OUR_TOKEN"}))
    assert "can be seen by everybody" in result.error


def test_input_that_is_not_there_is_refused(task, tmp_path):
    shutil.rmtree(tmp_path / "data")
    result = execute(task("echo"))
    assert f"{tmp_path}/data cannot be mounted" in result.error


@pytest.mark.container
def test_container_reads_the_local_copy_of_what_is_elsewhere(engine, task, tmp_path):
    copy = tmp_path / "examples"
    elsewhere = task(
        *shell(
            "cat {{inputs.examples.path}}/rows > {{outputs.model.path}}/rows;"
            "echo {{inputs.examples.uri}} > {{outputs.model.path}}/uri;" + ROWS
        )
    )
    inputs = {
        **elsewhere.inputs,
        "examples": [ArtifactRef("Examples", "s3://bucket/examples", path=str(copy))],
    }
    result = execute(msgspec.structs.replace(elsewhere, inputs=inputs))
    assert result.error == "", result.details
    assert (tmp_path / "out" / "model" / "rows").read_text() == "rows of examples"
    assert (tmp_path / "out" / "model" / "uri").read_text() == "s3://bucket/examples\n"
