"""The model's process, from inside: what it answers to orders, and when it ends."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_pipeline.serving.models import wire
from mlops_pipeline.serving.models.tensors import of_lists, to_lists

pytestmark = pytest.mark.slow  # Each starts a process.

Push = object
LOADER = "mlops_components.serving.functions:load_function"


class Child:
    """A model's process, asked without the server."""

    def __init__(self, limits: dict[str, int]) -> None:
        self.ours, theirs = socket.socketpair()
        script = (
            "import json, sys; sys.path[:] = json.loads(sys.argv.pop());"
            "from mlops_pipeline.serving.models.child import main; main()"
        )
        with theirs:
            arguments = [str(theirs.fileno()), json.dumps(limits), str(os.getpid())]
            self.process = subprocess.Popen(
                [sys.executable, "-c", script, *arguments, json.dumps(sys.path)],
                pass_fds=[theirs.fileno()],
                stderr=subprocess.DEVNULL,
            )
        self.file = self.ours.makefile("rb")

    def ask(self, order: wire.Order, tensors: wire.Tensors | None = None):  # type: ignore[no-untyped-def]
        self.ours.sendall(wire.frame(order, tensors))
        head, size = wire.PREFIX.unpack(self.file.read(wire.PREFIX.size))
        reply = wire.replies.decode(self.file.read(head))
        data = self.file.read(size)
        return (
            wire.tensors_in(reply.tensors, data) if isinstance(reply, wire.PredictReply) else reply
        )


@pytest.fixture
def child() -> Iterator[Child]:
    found = Child({"files": 64})
    yield found
    found.process.kill()
    found.process.wait()
    found.file.close()
    found.ours.close()


def load(push, toys: Path, factor: str = "2", target: str = "make") -> wire.LoadOrder:  # type: ignore[no-untyped-def]
    folder = push(1, factor) / "1"
    options = {"predict": f"toy_models:{target}"}
    return wire.LoadOrder(LOADER, str(folder), options, (str(toys),))


def test_it_loads_answers_and_ends_with_its_socket(child: Child, push, toys: Path) -> None:  # type: ignore[no-untyped-def]
    assert isinstance(child.ask(wire.ReadyOrder(LOADER)), wire.ModelFacts)
    facts = child.ask(load(push, toys))
    assert list(facts.signatures) == ["serving_default"]
    inputs = {"x": of_lists([1.0, 2.0])}
    found = child.ask(wire.PredictOrder("serving_default", wire.places(inputs)), inputs)
    assert to_lists(found["outputs"]) == [2.0, 4.0]
    child.ours.shutdown(socket.SHUT_RDWR)
    assert child.process.wait(10) == 0


def test_failures_of_a_model_leave_the_process_alive(child: Child, push, toys: Path) -> None:  # type: ignore[no-untyped-def]
    child.ask(load(push, toys))
    for value, kind in ((-3.0, "raised"), (-5.0, "output"), (-9.0, "output")):
        inputs = {"x": of_lists([value, 1.0])}
        reply = child.ask(wire.PredictOrder("serving_default", wire.places(inputs)), inputs)
        assert (type(reply), reply.kind) == (wire.Trouble, kind)
    assert child.process.poll() is None


@pytest.mark.parametrize(
    ("factor", "target", "words"),
    [
        ("broken", "make", "no number"),
        ("2", "nobody", "has no 'nobody'"),
        ("2", "make_nothing", "no function"),
    ],
)
def test_a_model_that_cannot_be_loaded_says_why(
    child: Child,
    push,
    toys: Path,
    factor: str,
    target: str,
    words: str,  # type: ignore[no-untyped-def]
) -> None:
    reply = child.ask(load(push, toys, factor, target))
    assert isinstance(reply, wire.Trouble)
    assert words in reply.message


def test_a_model_that_mixes_rows_gives_itself_away(child: Child, push, toys: Path) -> None:  # type: ignore[no-untyped-def]
    facts = child.ask(load(push, toys, target="make_mixer"))
    assert (facts.warmed, facts.splits) == (2, False)


def test_a_process_of_another_parent_ends_at_once() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        script = "from mlops_pipeline.serving.models.child import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", script, str(theirs.fileno()), "{}", "1"],
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            timeout=60,
        )
    assert done.returncode == 1
