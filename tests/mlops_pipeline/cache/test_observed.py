"""Edits of what a node was seen to use, beside what its key says."""

from __future__ import annotations

from typing import Any

import pytest
from cache_edits import Files, after_edit, body, told

# Users leave files open.
pytestmark = [
    pytest.mark.slow,  # each runs a pipeline twice
    pytest.mark.filterwarnings("ignore:unclosed file"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CONF = "a: 1\nb: 2\nrate: 3\n"
CONF_4 = CONF.replace("3", "4")
LINE_3 = "conf.yaml changed in line 3"
PLUGINS = """\
    import importlib, pkgutil
    def load():
        return [importlib.import_module(f"{__name__}.{m.name}").K
                for m in pkgutil.iter_modules(__path__)]
"""
CHILD = """
    import subprocess, sys
    return subprocess.run([sys.executable, {}], capture_output=True, text=True).stdout
"""


def reads(code: str, top: str = "") -> Files:
    return {"pipeline.py": body(code, top), "conf.yaml": CONF}


def loads(code: str, top: str = "", returns: str = "int") -> Files:
    return {"pipeline.py": body(code, top, returns), "plug.py": "K = 1\n", "other.py": "K = 9\n"}


def varies(code: str, top: str = "") -> Files:
    return {"pipeline.py": body(code, top), "$RATE": "1", "$OTHER": "1"}


OPENED = {
    "by open": reads("return open('conf.yaml').read()"),
    "by Path beside the code": reads(
        "return Path(__file__).with_name('conf.yaml').read_text()", "from pathlib import Path"
    ),
    "by io.open": reads("return io.open('conf.yaml').read()", "import io"),
    "by os.open": reads(
        "fd = os.open('conf.yaml', os.O_RDONLY); t = os.read(fd, 99); os.close(fd)\n"
        "return t.decode()",
        "import os",
    ),
    "by csv": reads("with open('conf.yaml') as f: return str(list(csv.reader(f)))", "import csv"),
    "by fileinput": reads(
        "with fileinput.input('conf.yaml') as f: return ''.join(f)", "import fileinput"
    ),
    "by a library": reads(
        "p = configparser.RawConfigParser(strict=False, allow_no_value=True)\n"
        "with open('conf.yaml') as f: p.read_string('[s]\\n' + f.read())\n"
        "return p['s']['rate']",
        "import configparser",
    ),
    "by shutil": reads(
        "d = tempfile.mkdtemp()\nshutil.copy('conf.yaml', d)\n"
        "return Path(d, 'conf.yaml').read_text()",
        "import shutil, tempfile\nfrom pathlib import Path",
    ),
    "by pkgutil.get_data": {
        "pipeline.py": body(
            "return pkgutil.get_data('data', 'conf.yaml').decode()", "import pkgutil"
        ),
        "data/__init__.py": "",
        "data/conf.yaml": CONF,
    },
    "by importlib.resources": {
        "pipeline.py": body(
            "return files('data').joinpath('conf.yaml').read_text()",
            "from importlib.resources import files",
        ),
        "data/__init__.py": "",
        "data/conf.yaml": CONF,
    },
    "by a helper": {
        "pipeline.py": body("return helper.conf()", "import helper"),
        "helper.py": "def conf(): return open('conf.yaml').read()\n",
        "conf.yaml": CONF,
    },
    "by a helper as it is imported": {
        "pipeline.py": body("return helper.CONF", "import helper"),
        "helper.py": "CONF = open('conf.yaml').read()\n",
        "conf.yaml": CONF,
    },
    "after chdir": {
        "pipeline.py": body("os.chdir('data'); return open('conf.yaml').read()", "import os"),
        "data/conf.yaml": CONF,
    },
    "by a thread": reads(
        "with ThreadPoolExecutor(1) as pool:\n"
        "    return pool.submit(lambda: open('conf.yaml').read()).result()",
        "from concurrent.futures import ThreadPoolExecutor",
    ),
    "by runpy": {
        "pipeline.py": body("return str(runpy.run_path('conf.py')['rate'])", "import runpy"),
        "conf.py": "a = 1\nb = 2\nrate = 3\n",
    },
    "by exec": {
        "pipeline.py": body("d = {}; exec(open('conf.py').read(), d); return str(d['rate'])"),
        "conf.py": "a = 1\nb = 2\nrate = 3\n",
    },
}

LOADED: dict[str, Files] = {
    "by import_module of a constant": loads(
        "return importlib.import_module(NAME).K", "import importlib\nNAME = 'plug'"
    ),
    "by a name made of pieces": loads(
        "return importlib.import_module('pl' + 'ug').K", "import importlib"
    ),
    "by a name in the environment": {
        **loads("return __import__(os.environ['PLUG']).K", "import os"),
        "$PLUG": "plug",
    },
    "by a name in a file": {
        **loads("return __import__(open('names.txt').read().strip()).K"),
        "names.txt": "plug\n",
    },
    "by exec": loads("d = {}\nexec('from plug import K', d)\nreturn d['K']"),
    "by eval": loads('return eval(\'__import__("pl" + "ug").K\')'),
    "by spec_from_file_location": loads(
        "s = importlib.util.spec_from_file_location('plug', Path(__file__).with_name('plug.py'))\n"
        "m = importlib.util.module_from_spec(s)\ns.loader.exec_module(m)\nreturn m.K",
        "import importlib.util\nfrom pathlib import Path",
    ),
    "by SourceFileLoader": loads(
        "m = types.ModuleType('plug')\nSourceFileLoader('plug', 'plug.py').exec_module(m)\n"
        "return m.K",
        "import types\nfrom importlib.machinery import SourceFileLoader",
    ),
    "by runpy.run_module": loads("return runpy.run_module('plug')['K']", "import runpy"),
    "by pkgutil.resolve_name": loads(
        "return pkgutil.resolve_name('pl' 'ug:' + 'K')", "import pkgutil"
    ),
    "by a file path on sys.path": {
        "pipeline.py": body(
            "sys.path.insert(0, 'libs'); return __import__(''.join(['pl', 'ug'])).K",
            "import sys",
            "int",
        ),
        "libs/plug.py": "K = 1\n",
    },
    "by a name in a helper": {
        "pipeline.py": body("return helper.load('plug').K", "import helper", "int"),
        "helper.py": "import importlib\ndef load(n): return importlib.import_module(n)\n",
        "plug.py": "K = 1\n",
    },
    "by a module that was so loaded": {
        "pipeline.py": body("return __import__('pl' + 'ug').K", "", "int"),
        "plug.py": "from rest import K\n",
        "rest.py": "K = 1\n",
    },
}


@pytest.mark.parametrize("how", LOADED)
def test_a_module_that_was_found_at_run_time_counts(how: str, project: Any) -> None:
    files = LOADED[how]
    name = next(n for n in ("rest.py", "libs/plug.py", "plug.py") if n in files)
    found = told(after_edit(project, files, {name: "K = 2\n"}))
    assert found.startswith("run")
    assert name in found


def test_a_comment_in_a_module_that_was_found_at_run_time_runs_nothing(project: Any) -> None:
    files = LOADED["by import_module of a constant"]
    assert told(after_edit(project, files, {"plug.py": "# one\nK  =  1\n"})) == "cached"


PLUGGED: Files = {
    "pipeline.py": body("return sum(plugs.load())", "import plugs", "int"),
    "plugs/__init__.py": PLUGINS,
    "plugs/a.py": "K = 1\n",
    "plugs/b.py": "K = 2\n",
}
LISTED: Files = {
    "pipeline.py": body(
        "return len([*Path('rows').glob('*.csv')])", "from pathlib import Path", "int"
    ),
    "rows/a.csv": "1\n",
    "rows/b.csv": "2\n",
}


@pytest.mark.parametrize(("files", "edit", "reason"), [
    (PLUGGED, {"plugs/c.py": "K = 3\n"}, "plugs/c.py is new in a folder that was listed"),
    (PLUGGED, {"plugs/b.py": None}, "plugs/b.py"),
    (PLUGGED, {"plugs/b.py": "K = 3\n"}, "plugs/b.py"),
    (LISTED, {"rows/c.csv": "3\n"}, "rows/c.csv is new in a folder that was listed"),
    (LISTED, {"rows/b.csv": None}, "rows/b.csv is gone from a folder that was listed"),
    ({**LISTED, "pipeline.py": body("return len(os.listdir('rows'))", "import os", "int")},
        {"rows/c.csv": "3\n"}, "rows/c.csv is new"),
    ({**LISTED, "pipeline.py": body("return sum(len(f) for _, _, f in os.walk('.'))",
        "import os", "int")}, {"rows/c.csv": "3\n"}, "rows/c.csv is new"),
    ({**LISTED, "pipeline.py": body("return len(glob.glob('r*/*.csv'))", "import glob", "int")},
        {"rows/c.csv": "3\n"}, "rows/c.csv is new"),
    ({**LISTED, "pipeline.py": body("return len(glob.glob('r*/*.csv'))", "import glob", "int")},
        {"rest/c.csv": "3\n"}, "rest is new"),
])  # fmt: skip
def test_a_folder_that_was_listed_counts(
    files: Files, edit: Files, reason: str, project: Any
) -> None:
    found = told(after_edit(project, files, edit))
    assert found.startswith("run")
    assert reason in found


@pytest.mark.parametrize("edit", [
    {"notes.md": "hello\n"}, {"plugs/notes.md": "hello\n"}, {"rows/c.csv": "3\n"},
    {"plugs/table.csv": "1\n"},
])  # fmt: skip
def test_files_that_no_module_can_be_do_not_count_where_plugins_are_looked_for(
    edit: Files, project: Any
) -> None:
    assert told(after_edit(project, PLUGGED, edit)) == "cached"


VARIABLES = {
    "by item": varies("return os.environ['RATE']", "import os"),
    "by get": varies("return os.environ.get('RATE', '1')", "import os"),
    "by getenv": varies("return os.getenv('RATE', '1')", "import os"),
    "by getenvb": varies("return os.getenvb(b'RATE').decode()", "import os"),
    "by in": varies("return str('RATE' in os.environ)", "import os"),
    "by a name from os": varies("return environ['RATE']", "from os import environ"),
    "by getenv from os": varies("return getenv('RATE')", "from os import getenv"),
    "by a computed name": varies("return os.environ['RA' + 'TE']", "import os"),
    "by setdefault": varies("return os.environ.setdefault('RATE', '0')", "import os"),
    "by a default argument": varies(
        "return f()", "import os\ndef f(r=os.environ.get('RATE')): return r"
    ),
    "by a constant": varies("return RATE", "import os\nRATE = os.environ['RATE']"),
    "by a class body": varies("return S.rate", "import os\nclass S: rate = os.getenv('RATE')"),
    "by a helper": {
        **varies("return helper.rate()", "import helper"),
        "helper.py": "import os\ndef rate(): return os.environ['RATE']\n",
    },
    "by a helper as it is imported": {
        **varies("return helper.RATE", "import helper"),
        "helper.py": "import os\nRATE = os.environ['RATE']\n",
    },
    "by a loop": varies("return ','.join(os.environ[k] for k in ('RATE', 'HOME'))", "import os"),
    "by expandvars": varies("return os.path.expandvars('$RATE')", "import os"),
}


@pytest.mark.parametrize("how", VARIABLES)
def test_an_environment_variable_that_was_read_counts(how: str, project: Any) -> None:
    found = told(after_edit(project, VARIABLES[how], {"$RATE": None if how == "by in" else "2"}))
    assert found.startswith("run")
    assert "environment variable RATE" in found


@pytest.mark.parametrize("how", VARIABLES)
def test_another_variable_does_not(how: str, project: Any) -> None:
    assert told(after_edit(project, VARIABLES[how], {"$OTHER": "2"})) == "cached"


@pytest.mark.parametrize(("code", "edit"), [
    ("return str(len(dict(os.environ)) > 0)", {"$OTHER": "2"}),
    ("return str(len({**os.environ}) > 0)", {"$OTHER": "2"}),
    ("return str(len(os.environ.copy()) > 0)", {"$OTHER": "2"}),
    ("subprocess.run(['true'], env={**os.environ, 'X': '1'}); return ''", {"$OTHER": "2"}),
    ("os.environ['OTHER'] = '5'; return os.environ['OTHER']", {"$OTHER": "2"}),
])  # fmt: skip
def test_the_environment_as_a_whole_is_no_use_of_each_variable(
    code: str, edit: Files, project: Any
) -> None:
    files = varies(code, "import os, subprocess")
    assert told(after_edit(project, files, edit)) == "cached"


MISSING = [
    ("try: return open('extra.yaml').read()\nexcept OSError: return ''", "extra.yaml"),
    ("return str(Path('extra.yaml').exists())", "extra.yaml"),
    ("return str(os.path.exists('extra.yaml'))", "extra.yaml"),
    ("return str(os.path.isfile('extra.yaml'))", "extra.yaml"),
    ("return str(Path('extra.yaml').is_file())", "extra.yaml"),
    ("return str(Path('extra').is_dir())", "extra/a.txt"),
]


@pytest.mark.parametrize(("code", "name"), MISSING)
def test_a_file_that_was_looked_for_in_vain_counts(code: str, name: str, project: Any) -> None:
    files = {"pipeline.py": body(code, "import os\nfrom pathlib import Path")}
    found = told(after_edit(project, files, {name: "a: 1\n"}))
    assert found.startswith("run")
    assert f"{name.partition('/')[0]} is there now" in found


CHILDREN = {
    "a script": ("'child.py'", "child.py"),
    "an argument": ("'child.py', 'conf.yaml'", "conf.yaml"),
    "a file that the script opens": ("'child.py'", "conf.yaml"),
    "a module that the script imports": ("'child.py'", "lib.py"),
    "a variable that the script reads": ("'child.py'", "$RATE"),
    "a module": ("'-m', 'child'", "child.py"),
    "a file that the module opens": ("'-m', 'child'", "conf.yaml"),
    "a module that the module imports": ("'-m', 'child'", "lib.py"),
}


@pytest.mark.parametrize("how", CHILDREN)
def test_child_processes_of_python_count(how: str, project: Any) -> None:
    arguments, name = CHILDREN[how]
    files = {
        "pipeline.py": body(CHILD.format(arguments)),
        "child.py": "import lib, os\nrate = os.environ['RATE']\n"
        "print(lib.f(), open('conf.yaml').read(), rate)\n",
        "lib.py": "def f(): return 1\n", "conf.yaml": CONF, "$RATE": "1",
    }  # fmt: skip
    text = files[name].replace("1", "2").replace("print(", "print(1, ")
    found = told(after_edit(project, files, {name: text}))
    assert found.startswith("run")
    assert name.lstrip("$") in found


def test_a_forked_process_counts(project: Any) -> None:
    code = """
        pid = os.fork()
        if not pid:
            open("conf.yaml").read()
            os._exit(0)
        os.waitpid(pid, 0)
        return ""
    """
    found = told(after_edit(project, reads(code, "import os"), {"conf.yaml": CONF_4}))
    assert LINE_3 in found


MEANWHILE: dict[str, tuple[Files, Files, str]] = {
    "a module that the key covers": (
        {"pipeline.py": body("Path('helper.py').write_text('K = 2\\n')\nfrom helper import K\n"
            "return str(K)", "from pathlib import Path"), "helper.py": "K = 1\n"},
        {"helper.py": "K = 1\n"}, "helper.py",
    ),
    "a file that was opened before": (
        {**reads("t = open('conf.yaml').read()\nopen('conf.yaml', 'w').write('b')\nreturn t")},
        {"conf.yaml": CONF}, "conf.yaml changed while it ran",
    ),
    "a folder that was listed before": (
        {"pipeline.py": body("n = len(os.listdir('rows'))\nos.remove('rows/a.csv')\n"
            "return str(n)", "import os"), "rows/a.csv": ""},
        {"rows/a.csv": ""}, "other files came into rows, or left it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", MEANWHILE)
def test_a_result_is_not_reused_if_something_changed_meanwhile(
    what: str, project: Any, caplog: pytest.LogCaptureFixture
) -> None:
    files, edit, reason = MEANWHILE[what]
    found = told(after_edit(project, files, edit))
    assert found.startswith("run")
    assert reason in found
    assert "its result will not be reused" in caplog.text


def test_a_later_run_makes_the_result_anew_and_reuses_that(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, edit, _ = MEANWHILE["a module that the key covers"]
    after_edit(project, files, edit)
    monkeypatch.chdir(project.folder)
    project.write("pipeline.py", files["pipeline.py"].replace("K = 2", "K = 1"))
    assert project.states(in_process=True) == {"C": "COMPLETE"}
    assert project.states(in_process=True) == {"C": "CACHED"}


WRITES_CODE = """
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write("K = 1")
        file.flush()
        runpy.run_path(file.name)
        spec = importlib.util.spec_from_file_location("made", file.name)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    os.makedirs("tree/inner")
    shutil.rmtree("tree")
    return str(module.K)
"""
UNUSED: list[tuple[Files, Files]] = [
    (
        {"pipeline.py": body(WRITES_CODE, "import importlib.util, os, runpy, shutil, tempfile")},
        {"inner/a": "1"},
    ),
    (OPENED["by open"], {"other.yaml": "1\n"}),
    ({**OPENED["by open"], "other.yaml": "1\n"}, {"other.yaml": "2\n"}),
    (LOADED["by a name made of pieces"], {"other.py": "K = 2\n"}),
    (LOADED["by exec"], {"other.py": "K = 2\n"}),
    (
        {
            "pipeline.py": body(
                "Path('log.txt').open('a').write('x'); return ''", "from pathlib import Path"
            )
        },
        {"log.txt": "yy"},
    ),
    (
        {
            "pipeline.py": body(
                "Path('a.txt').write_text('x'); return Path('a.txt').read_text()",
                "from pathlib import Path",
            )
        },
        {"a.txt": "yy"},
    ),
    (
        {
            "pipeline.py": body(
                "with tempfile.TemporaryDirectory() as d:\n"
                "    Path(d, 'a').write_text('1')\n"
                "    return Path(d, 'a').read_text() + str(os.listdir(d))",
                "import os, tempfile\nfrom pathlib import Path",
            )
        },
        {"x.txt": "1"},
    ),
    (
        {
            "pipeline.py": body(
                "import warnings\nwarnings.simplefilter('default')\n"
                "warnings.warn('x', stacklevel=1)\nreturn ''"
            )
        },
        {"notes.md": "1"},
    ),
]


@pytest.mark.parametrize("number", range(len(UNUSED)))
def test_what_was_not_used_does_not_count(number: int, project: Any) -> None:
    files, edit = UNUSED[number]
    assert told(after_edit(project, files, edit)) == "cached"


@pytest.mark.parametrize("how", OPENED)
def test_a_file_that_was_opened_counts(how: str, project: Any) -> None:
    files = OPENED[how]
    name, text = next((n, t) for n, t in files.items() if "conf." in n)
    assert text is not None
    found = told(after_edit(project, files, {name: text.replace("3", "4")}))
    assert found.startswith("run")
    assert f"{name} changed in line 3" in found or f"{name} changed" in found
