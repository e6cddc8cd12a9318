import os
import subprocess
import sys
import time

import pytest
from code_project import PROJECT

from mlops_pipeline.code import code_parts


def test_names_the_symbols_and_modules_that_count(write, parts):
    write(PROJECT)
    assert list(parts().parts) == [
        "features/deep/er.py::FACTOR",
        "features/numbers.py::factor",
        "features/scale.py::scaled",
        "pipeline.py::RATE",
        "pipeline.py::Trainer",
        "pipeline.py::learn",
    ]


def test_sources_are_the_text_of_the_file_of_each_part(write, parts, tmp_path):
    write(PROJECT)
    found = parts()
    assert set(found.sources) == set(found.parts)
    assert found.sources["pipeline.py::learn"] == (tmp_path / "pipeline.py").read_text()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("pipeline.py", "RATE = 0.1", "RATE  =  0.1  # a comment"),
        ("pipeline.py", '"""Train."""', '"""Train a model."""'),
        ("pipeline.py", '    """Train."""\n', ""),
        ("pipeline.py", "len(learn(range(steps)))", "len(\n        learn(range(steps)),\n    )"),
        ("pipeline.py", '"output"', "'output'"),
        ("pipeline.py", "plain.push(examples)", "plain.push(examples + 1)"),
        ("pipeline.py", "UNUSED = 1", "UNUSED = 2"),
        ("pipeline.py", 'print("run")', 'print("go")'),
        ("pipeline.py", "def penguin():", "def penguin(again: bool = False):"),
        ("plain.py", "return x", "return [x]"),
        ("features/scale.py", "def scaled(x): return", "def scaled(x):\n    # doubled\n    return"),
        ("features/__init__.py", "", '"""Features."""'),
        ("features/deep/er.py", "return 1", "return 2"),
    ],
)
def test_what_does_not_count_leaves_the_digests_alone(write, edit, parts, file, old, new):
    write(PROJECT)
    before = parts()
    edit(file, old, new)
    assert parts().parts == before.parts


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("pipeline.py", "len(learn", "sum(learn", "pipeline.py::Trainer"),
        ("pipeline.py", "steps: int = 10", "steps: int = 11", "pipeline.py::Trainer"),
        ("pipeline.py", "steps: int = 10", "steps: float = 10", "pipeline.py::Trainer"),
        ("pipeline.py", "rate=RATE", "rate=-RATE", "pipeline.py::learn"),
        ("pipeline.py", "RATE = 0.1", "RATE = 0.2", "pipeline.py::RATE"),
        ("pipeline.py", "import scaled", "import scaled as scaled", "pipeline.py::learn"),
        ("features/scale.py", "x * factor", "x + factor", "features/scale.py::scaled"),
        ("features/numbers.py", "er.FACTOR", "er.FACTOR + 1", "features/numbers.py::factor"),
        ("features/deep/er.py", "FACTOR = 2", "FACTOR = 3", "features/deep/er.py::FACTOR"),
    ],
)
def test_what_counts_changes_the_digest_of_its_part(write, edit, parts, file, old, new, changed):
    write(PROJECT)
    before = parts()
    edit(file, old, new)
    after = parts()
    assert [name for name in before.parts if before.parts[name] != after.parts[name]] == [changed]


def test_a_change_of_equal_length_and_modification_time_counts(write, edit, parts, tmp_path):
    write(PROJECT)
    path = tmp_path / "features/scale.py"
    before, status = parts(), path.stat()
    edit("features/scale.py", "x * factor", "x + factor")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert parts().parts != before.parts


def test_a_project_gives_the_same_parts_wherever_it_is(write, tmp_path):
    write({f"{home}/{name}": text for home in ("one", "two") for name, text in PROJECT.items()})
    one, two = (code_parts("pipeline:Trainer", [str(tmp_path / home)]) for home in ("one", "two"))
    assert one == two


def test_the_framework_itself_does_not_count(tmp_path):
    assert code_parts("mlops_pipeline.executors.executor:execute", [str(tmp_path)]).parts == {}


def test_user_code_is_never_run(write, parts, tmp_path):
    boom = "raise RuntimeError('it ran')\n"
    write(
        {
            "pipeline.py": boom + "import lib.mod\ndef Trainer(): lib.mod.f()",
            "lib/__init__.py": boom,
            "lib/mod.py": boom,
        }
    )
    assert "lib/mod.py::<top level>" in parts().parts
    assert "lib" not in sys.modules


def test_the_order_of_hashing_does_not_matter(write, tmp_path):
    write(PROJECT)
    # The stamps are left out while the files are too new for them.
    script = (
        "from dataclasses import replace\n"
        "from mlops_pipeline.code.parts import code_parts\n"
        f"print(replace(code_parts('pipeline:Trainer', [{str(tmp_path)!r}]), stamps=()))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_a_repeated_analysis_is_fast(write, parts):
    write(PROJECT)
    time.sleep(0.06)  # until the file system's clock has moved on: fresh files are read again
    parts()
    times = []
    for _ in range(20):
        start = time.perf_counter()
        parts()
        times.append(time.perf_counter() - start)
    assert min(times) < 0.001
