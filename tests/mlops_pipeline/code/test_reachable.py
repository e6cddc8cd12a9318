import pytest
from code_project import PROJECT

from mlops_pipeline.code import CodeParts, code_parts
from mlops_pipeline.errors import NotFoundError


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
    assert set(before.parts) == {"pipeline.py::Trainer", "lib/__init__.py::a", "lib/one.py::a"}
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


def test_modules_that_import_each_other_are_followed_once(write, parts):
    write(
        {
            "pipeline.py": "import a\ndef Trainer(): a.f()",
            "a.py": "import b\ndef f(): b.f()",
            "b.py": "import a\ndef f(): a.f()",
        }
    )
    assert list(parts().parts) == ["a.py::f", "b.py::f", "pipeline.py::Trainer"]


def test_a_name_that_is_not_in_the_module_makes_all_of_it_count(write, parts):
    write(PROJECT)
    assert "pipeline.py::UNUSED" in parts("pipeline:nothing").parts


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
        "penguin/constants.py::LABEL",
        "penguin/penguin_utils.py::run_fn",
        "pipeline.py::Trainer",
    ]
    assert before.packages == {}
    edit("penguin/constants.py", "species", "island")
    after = parts("pipeline:Trainer", module_file)
    assert before.parts != after.parts


def test_functions_named_in_parameters_count(write, tmp_path):
    write({"pipeline.py": "def Trainer(): pass", "train.py": "def run_fn(): pass", "data.csv": ""})
    found = code_parts(
        "pipeline:Trainer",
        [str(tmp_path)],
        mentioned=["train:run_fn", "train.run_fn", "data.csv", "no.such", "text", "a:b:c", ":"],
    )
    assert list(found.parts) == ["pipeline.py::Trainer", "train.py::run_fn"]


def test_a_module_file_that_is_not_there_says_so(write, parts, tmp_path):
    write(PROJECT)
    with pytest.raises(NotFoundError, match=r"gone\.py"):
        parts("pipeline:Trainer", tmp_path / "gone.py")
