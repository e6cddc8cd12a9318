import os
import subprocess
import sys
import textwrap
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mlops_pipeline.code import CodeParts, code_parts
from mlops_pipeline.errors import CompileError, NotFoundError

Write = Callable[[Mapping[str, str]], None]

PIPELINE = """
    import json
    from mlops_pipeline import component, pipeline
    from features.scale import scaled
    import plain

    RATE = 0.1
    UNUSED = 1

    def learn(rows, rate=RATE):
        return [scaled(row) * rate for row in rows]

    @component
    def Trainer(steps: int = 10) -> int:
        \"\"\"Train.\"\"\"
        return len(learn(range(steps)))

    @component
    def Pusher(examples: int) -> str:
        return json.dumps(plain.push(examples))

    @pipeline
    def penguin():
        Pusher(examples=Trainer().outputs["output"])

    if __name__ == "__main__":
        print("run")
"""
PROJECT = {
    "pipeline.py": PIPELINE,
    "plain.py": "def push(x): return x",
    "features/__init__.py": "",
    "features/scale.py": "from .numbers import factor\ndef scaled(x): return x * factor()",
    "features/numbers.py": "import features.deep.er\ndef factor(): return features.deep.er.FACTOR",
    "features/deep/__init__.py": "",
    "features/deep/er.py": "FACTOR = 2\ndef other(): return 1",
}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_all(files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))

    return write_all


@pytest.fixture
def edit(tmp_path: Path) -> Callable[[str, str, str], None]:
    def replace(file: str, old: str, new: str) -> None:
        path = tmp_path / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return replace


@pytest.fixture
def parts(tmp_path: Path) -> Callable[..., CodeParts]:
    def of(target: str = "pipeline:Trainer", *files: Path) -> CodeParts:
        return code_parts(target, [str(tmp_path)], files)

    return of


def test_names_the_symbols_and_modules_that_count(write, parts):
    write(PROJECT)
    assert list(parts().parts) == [
        "features/deep/er.py",
        "features/numbers.py",
        "features/scale.py",
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
        (
            "pipeline.py",
            "scale import scaled",
            "scale import other as scaled",
            "pipeline.py::learn",
        ),
        ("features/scale.py", "x * factor", "x + factor", "features/scale.py"),
        ("features/numbers.py", "er.FACTOR", "er.FACTOR + 1", "features/numbers.py"),
        ("features/deep/er.py", "FACTOR = 2", "FACTOR = 3", "features/deep/er.py"),
        ("features/deep/er.py", "return 1", "return 2", "features/deep/er.py"),
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


def test_a_new_file_that_comes_first_on_the_path_counts(write, tmp_path):
    write({"a/empty.txt": "", "b/lib.py": "X = 1", "b/job.py": "import lib\ndef A(): lib.X"})
    paths = [str(tmp_path / "a"), str(tmp_path / "b")]
    before = code_parts("job:A", paths)
    write({"a/lib.py": "X = 2"})
    assert code_parts("job:A", paths).parts["lib.py"] != before.parts["lib.py"]


def test_a_local_name_is_not_the_component_of_that_name(write, edit, parts):
    write(
        {
            "pipeline.py": """
            def stats(): return 1
            def Trainer(stats): return [stats for x in stats] + [lambda stats: stats]
            """
        }
    )
    assert list(parts().parts) == ["pipeline.py::Trainer"]


@pytest.mark.parametrize(
    "code",
    [
        "@deco\ndef Trainer(): pass\ndef deco(f): return wanted(f)",
        "def Trainer(x=wanted): pass",
        "def Trainer(x: wanted): pass",
        "def Trainer(x: 'list[wanted]'): pass",
        "def Trainer() -> wanted: pass",
        "class Trainer(wanted): pass",
        "class Trainer:\n    x = wanted",
        "class Trainer:\n    def execute(self): return wanted()",
        "def Trainer():\n    def inner(): return wanted()\n    return inner",
        "def Trainer(): return [wanted for x in y]",
        "def Trainer(): return [x for x in wanted for wanted in x]",
        "def Trainer():\n    global wanted\n    wanted = 1",
        "async def Trainer():\n    async with wanted() as x: pass",
        "Trainer = make(1)\ndef make(x): return wanted",
        "def Trainer():\n    try: pass\n    except wanted: pass",
        "def Trainer(x):\n    match x:\n        case wanted(): pass",
        "def Trainer(): return f'{wanted}'",
        "def Trainer(): return b()\na, b = 1, lambda: wanted",
        "if True:\n    def Trainer(): return wanted",
        "try:\n    import faster as Trainer\nexcept ImportError:\n    Trainer = wanted",
    ],
)
def test_every_way_to_use_a_name_is_seen(write, edit, parts, code):
    write({"pipeline.py": code + "\ndef wanted(): return 1\n"})
    before = parts()
    edit("pipeline.py", "return 1", "return 2")
    assert parts().parts != before.parts


@pytest.mark.parametrize(
    "effect",
    [
        "SETTINGS['a'] = {}",
        "print({})",
        "other.x = {}",
        "for i in range({}): print(i)",
        "with open('x') as f: X = {}",
        "_ = print({})",
        "if True:\n    print({})",
        "assert {}",
        "@other.register\ndef hook(): return {}",
    ],
)
def test_statements_that_run_for_their_effect_count(write, parts, effect):
    def with_effect(value: str) -> CodeParts:
        write({"pipeline.py": f"{effect.format(value)}\ndef Trainer(): pass", "other.py": ""})
        return parts()

    one, two = with_effect("1"), with_effect("2")
    assert one.parts["pipeline.py::Trainer"] == two.parts["pipeline.py::Trainer"]
    assert one.parts["pipeline.py::<top level>"] != two.parts["pipeline.py::<top level>"]


@pytest.mark.parametrize(
    "code",
    [
        "import lib.mod\ndef Trainer(): lib.mod.f()",
        "import lib.mod as m\ndef Trainer(): m.f()",
        "import lib\nimport lib.mod\ndef Trainer(): getattr(lib, 'mod')",
        "from lib import mod\ndef Trainer(): mod.f()",
        "from lib import mod as m\ndef Trainer(): m.f()",
        "from lib.mod import f\ndef Trainer(): f()",
        "from lib.mod import *\ndef Trainer(): f()",
        "from lib import again\ndef Trainer(): again()",
        "from lib import *\ndef Trainer(): again()",
        "import lib\ndef Trainer(): lib.again()",
        "import lib as l\ndef Trainer(): l.again()",
        "from lib import lazy\ndef Trainer(): lazy()",
        "def Trainer():\n    from lib.mod import f",
        "def Trainer():\n    import lib.mod",
        "try:\n    from lib.mod import f\nexcept ImportError:\n    f = None\ndef Trainer(): f()",
        "import importlib\ndef Trainer(): importlib.import_module('lib.mod')",
        "from importlib import import_module\ndef Trainer(): import_module('lib.mod').f()",
        "def Trainer(): __import__('lib.mod')",
        "import importlib\ndef Trainer(x): importlib.import_module(f'lib.{x}')",
        "import importlib\ndef Trainer(x): importlib.import_module('lib.' + x)",
        "import importlib\nAT = 'lib.mod'\ndef Trainer(): importlib.import_module(AT)",
        "def load(): import lib.mod\ndef Trainer(): globals()['load']()",
        "def load(): import lib.mod\ndef Trainer(): exec('load()')",
        "import sys\nimport lib.mod\ndef Trainer(): getattr(sys.modules[__name__], 'lib')",
        "import lib.mod\ndef Trainer(): pass",
        "from inner import f\ndef Trainer(): f()",
        "from package.sub.leaf import f\ndef Trainer(): f()",
        "from package.sub import leaf\ndef Trainer(): leaf.f()",
        "from spaced.part import f\ndef Trainer(): f()",
        "from spaced import part\ndef Trainer(): part.f()",
        "import hub\ndef Trainer(): hub.lib.again()",
        "from hub import lib\ndef Trainer(): lib.again()",
        "from hub import *\ndef Trainer(): lib.again()",
        "from hubs import lib\ndef Trainer(): lib.again()",
        "from hubs import lib as other\ndef Trainer(): other.again()",
        "import hubs\ndef Trainer(): hubs.lib.again()",
    ],
)
def test_every_way_to_import_a_first_party_module_is_followed(write, edit, parts, code):
    write(
        {
            "pipeline.py": code,
            "lib/__init__.py": "from .mod import f as again\n"
            "def __getattr__(name):\n"
            "    from . import mod\n"
            "    return mod.f\n",
            "lib/mod.py": "def f(): return 1",
            "inner.py": "import lib.mod\ndef f(): return lib.mod.f()",
            "package/__init__.py": "",
            "package/sub/__init__.py": "",
            "package/sub/leaf.py": "from ... import nothing\nfrom ..near import f",
            "package/near.py": "from lib.mod import f",
            "hub.py": "import lib",
            "hubs/__init__.py": "import lib",
            "spaced/part.py": "from lib.mod import f",
        }
    )
    before = parts()
    edit("lib/mod.py", "return 1", "return 2")
    assert parts().parts != before.parts


def test_the_init_of_a_package_counts_for_what_is_taken_from_it(write, edit, parts):
    write(
        {
            "pipeline.py": "from lib import a\ndef Trainer(): a()",
            "lib/__init__.py": "from .one import a\nfrom .two import b\nx = 1",
            "lib/one.py": "def a(): return 1",
            "lib/two.py": "def b(): return 1",
        }
    )
    before = parts()
    assert set(before.parts) == {"pipeline.py::Trainer", "lib/__init__.py::a", "lib/one.py"}
    edit("lib/two.py", "return 1", "return 2")
    edit("lib/__init__.py", "x = 1", "x = 2")
    assert parts().parts == before.parts


def test_what_importing_a_module_does_counts_where_nothing_of_it_is_used(write, edit, parts):
    write(
        {
            "pipeline.py": "from lib.two import b\ndef Trainer(): pass\ndef Other(): b()",
            "lib/__init__.py": "import os\nos.environ['THREADS'] = '1'",
            "lib/two.py": "def b(): return 1",
        }
    )
    assert list(parts().parts) == ["lib/__init__.py::<top level>", "pipeline.py::Trainer"]


def test_imports_for_type_checkers_only_are_not_followed(write, parts):
    write(
        {
            "pipeline.py": """
            from typing import TYPE_CHECKING
            if TYPE_CHECKING:
                from lib import T
            def Trainer(x: "T"): pass
            """,
            "lib.py": "T = int",
        }
    )
    assert "lib.py" not in parts().parts


def test_docstrings_count_in_a_module_that_reads_them(write, edit, parts):
    write({"pipeline.py": 'def Trainer():\n    "Ask."\n    return Trainer.__doc__'})
    before = parts()
    edit("pipeline.py", "Ask.", "Tell.")
    assert parts().parts != before.parts


def test_modules_that_import_each_other_are_followed_once(write, parts):
    write(
        {
            "pipeline.py": "import a\ndef Trainer(): a.f()",
            "a.py": "import b\ndef f(): b.f()",
            "b.py": "import a\ndef f(): a.f()",
        }
    )
    assert list(parts().parts) == ["a.py", "b.py", "pipeline.py::Trainer"]


def test_a_name_that_is_not_in_the_module_makes_all_of_it_count(write, parts):
    write(PROJECT)
    assert "pipeline.py" in parts("pipeline:nothing").parts


def test_a_compiled_module_counts_by_its_bytes(write, parts, tmp_path):
    write({"pipeline.py": "import fast\ndef Trainer(): fast.f()"})
    (tmp_path / "fast.so").write_bytes(b"\x7fELF1")
    before = parts()
    (tmp_path / "fast.so").write_bytes(b"\x7fELF2")
    assert before.parts["fast.so"] != parts().parts["fast.so"]


@pytest.mark.parametrize("name", ["lib.zip", "site-packages/lib-1.0.egg"])
@pytest.mark.parametrize("module", ["packed.py", "packed/__init__.py"])
def test_code_in_an_archive_counts_by_the_bytes_of_the_archive(
    write, parts, tmp_path, monkeypatch, name, module
):
    write({"pipeline.py": "import packed\ndef Trainer(): packed.f()"})
    archive = tmp_path / name
    archive.parent.mkdir(exist_ok=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(archive)])
    digests = []
    for value in (1, 2):
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr(module, f"def f(): return {value}")
        digests.append(parts().parts[name])
    assert digests[0] != digests[1]
    assert parts().packages == {}


def test_module_files_are_roots_that_see_their_neighbours(write, edit, parts, tmp_path):
    write(
        {
            "pipeline.py": "def Trainer(): pass",
            "penguin/penguin_utils.py": "from constants import LABEL\ndef run_fn(): pass",
            "penguin/constants.py": "LABEL = 'species'",
        }
    )
    module_file = tmp_path / "penguin/penguin_utils.py"
    before = parts("pipeline:Trainer", module_file)
    assert list(before.parts) == [
        "penguin/constants.py",
        "penguin/penguin_utils.py",
        "pipeline.py::Trainer",
    ]
    assert before.packages == {}
    edit("penguin/constants.py", "species", "island")
    after = parts("pipeline:Trainer", module_file)
    assert before.parts["penguin/constants.py"] != after.parts["penguin/constants.py"]


def test_module_files_are_called_the_same_wherever_they_are(write, tmp_path):
    write({"p/pipeline.py": "def Trainer(): pass", "one/u.py": "x = 1", "two/u.py": "x = 1"})
    results = [
        code_parts("pipeline:Trainer", [str(tmp_path / "p")], [tmp_path / folder / "u.py"]).parts
        for folder in ("one", "two")
    ]
    assert results[0] == results[1]
    assert "u.py" in results[0]


def test_functions_named_in_parameters_count(write, tmp_path):
    write({"pipeline.py": "def Trainer(): pass", "train.py": "def run_fn(): pass", "data.csv": ""})
    found = code_parts(
        "pipeline:Trainer",
        [str(tmp_path)],
        mentioned=["train:run_fn", "train.run_fn", "data.csv", "no.such", "text", "a:b:c", ":"],
    )
    assert list(found.parts) == ["pipeline.py::Trainer", "train.py"]


def test_a_project_gives_the_same_parts_wherever_it_is(write, tmp_path):
    write({f"{home}/{name}": text for home in ("one", "two") for name, text in PROJECT.items()})
    one, two = (code_parts("pipeline:Trainer", [str(tmp_path / home)]) for home in ("one", "two"))
    assert one == two


def test_third_party_packages_count_by_version(write, edit, tmp_path, monkeypatch):
    site = tmp_path / "env/lib/site-packages"
    write(
        {
            "p/pipeline.py": """
            import json, mlops_pipeline.api, sys
            import numpy as np
            import not_there.at_all
            from google.cloud import storage
            def unused(): import pandas
            def Trainer():
                import sklearn.linear_model, yaml, google.protobuf.message, odd, loose
                np.sum(not_there, storage)
            """,
            "env/lib/site-packages/numpy/__init__.py": "import secret_internals",
            "env/lib/site-packages/numpy-1.26.4.dist-info/METADATA": "",
            "env/lib/site-packages/pandas.py": "",
            "env/lib/site-packages/pandas-2.0.dist-info/METADATA": "",
            "env/lib/site-packages/sklearn/__init__.py": "",
            "env/lib/site-packages/scikit_learn-1.5.dist-info/METADATA": "",
            "env/lib/site-packages/yaml/__init__.py": "",
            "env/lib/site-packages/PyYAML-6.0.egg-info/top_level.txt": "yaml\n",
            "env/lib/site-packages/google/protobuf/__init__.py": "",
            "env/lib/site-packages/protobuf-4.25.dist-info/METADATA": "",
            "env/lib/site-packages/google/cloud/storage/__init__.py": "",
            "env/lib/site-packages/google_cloud_storage-2.1.dist-info/METADATA": "",
            "env/lib/site-packages/odd.py": "",
            "env/lib/site-packages/strange_name-3.0+cpu.dist-info/RECORD": "odd.py,sha256=x,0\n",
            "env/lib/site-packages/loose.py": "",
        }
    )
    monkeypatch.syspath_prepend(str(site))
    found = code_parts("pipeline:Trainer", [str(tmp_path / "p")])
    assert found.packages == {
        "google-cloud-storage": "2.1",
        "loose": "unknown",
        "not_there": "missing",
        "numpy": "1.26.4",
        "protobuf": "4.25",
        "pyyaml": "6.0",
        "scikit-learn": "1.5",
        "strange-name": "3.0+cpu",
    }
    (site / "numpy-1.26.4.dist-info").rename(site / "numpy-1.26.5.dist-info")
    assert code_parts("pipeline:Trainer", [str(tmp_path / "p")]).packages["numpy"] == "1.26.5"


def test_an_installed_component_counts_by_the_version_of_its_distribution(write, tmp_path):
    write(
        {
            "site-packages/mlops_components/__init__.py": "",
            "site-packages/mlops_components/trainer.py": "def Trainer(): pass",
            "site-packages/mlops_pipeline-1.2.dist-info/METADATA": "",
        }
    )
    found = code_parts("mlops_components.trainer:Trainer", [str(tmp_path / "site-packages")])
    assert found == CodeParts({}, {}, {"mlops-pipeline": "1.2"})


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
    assert "lib/mod.py" in parts().parts
    assert "lib" not in sys.modules


@pytest.mark.parametrize("file", ["pipeline.py", "lib.py"])
def test_a_syntax_error_names_file_and_line(write, parts, tmp_path, file):
    write({"pipeline.py": "import lib\ndef Trainer(): lib.f()\n", "lib.py": ""})
    (tmp_path / file).write_text("x = 1\nimport lib\ndef broken(:\n")
    with pytest.raises(CompileError) as caught:
        parts()
    assert caught.value.where == f"{tmp_path / file}:3"


def test_text_that_is_not_utf8_names_the_file(parts, tmp_path):
    (tmp_path / "pipeline.py").write_bytes(b"x = '\xff'\n")
    with pytest.raises(CompileError) as caught:
        parts()
    assert caught.value.where.startswith(str(tmp_path / "pipeline.py"))


def test_a_declared_encoding_is_read(parts, tmp_path):
    (tmp_path / "pipeline.py").write_bytes(b"# coding: latin-1\ndef Trainer(): return '\xe4'\n")
    assert "ä" in parts().sources["pipeline.py::Trainer"]


@pytest.mark.parametrize("depth", [600, 1200, 5000])
def test_code_that_is_nested_deeply_counts_with_its_imports(write, edit, parts, depth):
    write(
        {"pipeline.py": f"import lib\ndef Trainer(): return {'1 + ' * depth}1", "lib.py": "X = 1"}
    )
    before = parts()
    edit("lib.py", "X = 1", "X = 2")
    after = parts()
    assert after.parts["lib.py"] != before.parts["lib.py"]
    edit("pipeline.py", "return 1 +", "return 2 +")
    assert len(set(parts().parts.values()) - set(after.parts.values())) == 1


def test_an_unknown_module_says_so(parts):
    with pytest.raises(CompileError, match="no_such_module"):
        parts("no_such_module:Trainer")


def test_a_module_file_that_is_not_there_says_so(write, parts, tmp_path):
    write(PROJECT)
    with pytest.raises(NotFoundError, match=r"gone\.py"):
        parts("pipeline:Trainer", tmp_path / "gone.py")


def test_the_order_of_hashing_does_not_matter(write, tmp_path):
    write(PROJECT)
    script = (
        "from mlops_pipeline.code.parts import code_parts\n"
        f"print(code_parts('pipeline:Trainer', [{str(tmp_path)!r}]))"
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


def test_a_future_import_counts_for_every_symbol_of_its_file(write, parts):
    write({"pipeline.py": "X = 1\ndef Trainer(): X", "lib.py": ""})
    before = parts().parts
    write({"pipeline.py": "from __future__ import annotations\nX = 1\ndef Trainer(): X"})
    assert {name for name, digest in parts().parts.items() if digest != before[name]} == set(before)
