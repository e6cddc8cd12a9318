from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_pipeline import ir, ir_check
from mlops_pipeline.errors import CompileError

ROOT = Path(__file__).parents[2]

PIPELINE = ir.PipelineIR(
    name="p",
    nodes=(
        ir.NodeIR(
            "a",
            "m.A",
            ir.FunctionExecutor("m:A"),
            parameters=(
                ir.ParameterIR(
                    "x",
                    {"type": "string"},
                    ir.Concat((ir.Literal("n="), ir.Operation("+", (ir.RunParameter("n"),)))),
                ),
            ),
        ),
    ),
    parameters=(ir.RunParameterIR("n", {"type": "integer"}, 3),),
)


def changed(**fields: object) -> bytes:
    return json.dumps({**json.loads(ir.dump(PIPELINE)), **fields}).encode()


def test_what_is_written_is_read_again() -> None:
    assert ir.load(ir.dump(PIPELINE)) == PIPELINE
    assert ir.dump(ir.load(ir.dump(PIPELINE))) == ir.dump(PIPELINE)


def test_defaults_are_not_written() -> None:
    assert "retry" not in json.loads(ir.dump(PIPELINE))["nodes"][0]


def test_a_newer_minor_version_is_read() -> None:
    nodes = json.loads(ir.dump(PIPELINE))["nodes"]
    nodes[0]["brand_new"] = True
    assert ir.load(changed(schema_version="1.99", nodes=nodes, more={"a": 1})).nodes


@pytest.mark.parametrize("version", ["2.0", "0.9", "", None])
def test_another_major_version_is_refused(version: str | None) -> None:
    with pytest.raises(CompileError, match="this version reads 1") as caught:
        ir.load(changed(schema_version=version), source="p.json")
    assert "p.json has IR version" in caught.value.message
    assert "compile the pipeline again" in caught.value.hint


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"3"])
def test_what_is_no_ir_is_refused(data: bytes) -> None:
    with pytest.raises(CompileError, match=r"p\.json is not a compiled pipeline"):
        ir.load(data, source="p.json")


def test_an_edited_file_says_what_is_wrong() -> None:
    with pytest.raises(CompileError, match=r"\$\.name"):
        ir.load(changed(name=3))


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(CompileError, match=r"cannot read /no/such\.json"):
        ir_check.load_file(Path("/no/such.json"))


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_bytes(ir.dump(PIPELINE))
    assert ir.digest(ir_check.load_file(file)) == ir.digest(PIPELINE)
    assert ir.digest(ir.load(changed(name="q"))) != ir.digest(PIPELINE)


def test_nodes_are_found_by_id() -> None:
    assert PIPELINE.node("a").component == "m.A"
    with pytest.raises(KeyError):
        PIPELINE.node("b")


FIRST_READERS = """
import sys, threading
from mlops_pipeline import ir

sys.setswitchinterval(1e-6)
start = threading.Barrier(4)
read = []

def go():
    start.wait()
    read.append(ir.load(ir.dump(ir.PipelineIR(name="p", nodes=(), parameters=()))))

threads = [threading.Thread(target=go) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(read))
"""


@pytest.mark.slow  # starts five interpreters
def test_several_threads_may_be_the_first_to_read_ir() -> None:
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", FIRST_READERS], capture_output=True, text=True, cwd=ROOT
        )
        assert done.stdout == "4\n", (done.returncode, done.stderr)
