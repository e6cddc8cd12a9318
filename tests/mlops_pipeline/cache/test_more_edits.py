"""More edits of what a node uses in roundabout ways, and of what it does not use."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from cache_edits import Files, after_edit, body, told

from mlops_pipeline.code import installed

# Users leave files open, and fork with threads.
pytestmark = [
    pytest.mark.slow,  # each runs a pipeline twice
    pytest.mark.filterwarnings("ignore"),
]

CONF = "a: 1\nrate: 3\n"
CONF_4: Files = {"conf.yaml": "a: 1\nrate: 4\n"}
LINE_2 = "conf.yaml changed in line 2"
RATE_2: Files = {"$RATE": "2"}
RATE = "environment variable RATE changed"


def own(code: str, top: str = "", **files: str) -> Files:
    """Return a project; `_` in a name stands for a dot, two for a slash."""
    named = {name.replace("__", "/").replace("_", "."): text for name, text in files.items()}
    variables = {"$RATE": "1", "$OTHER": "1", "$MYAPP_A": "1"}
    return {"pipeline.py": body(code, top), "conf.yaml": CONF, **variables, **named}


def helped(code: str, helper: str, top: str = "import helper") -> Files:
    return {**own(code, top), "helper.py": helper, "plug.py": "K = 1\n", "other.py": "K = 1\n"}


POOL = "with multiprocessing.get_context({!r}).Pool(1) as p: return str(p.map(helper.work, [1]))"
EXECUTOR = """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context({!r})) as pool:
        return str(list(pool.map(helper.work, [1])))
"""
POOLS = "import helper, multiprocessing\nfrom concurrent.futures import ProcessPoolExecutor"
WORK: dict[str, tuple[str, Files, str]] = {
    "a file": ("return open('conf.yaml').read()", CONF_4, LINE_2),
    "a module": ("return __import__('pl' + 'ug').K", {"plug.py": "K = 2\n"}, "plug.py"),
    "a variable": ("return os.environ['RATE']", RATE_2, RATE),
    "a copied variable": ("return dict(os.environ)['RATE']", RATE_2, RATE),
    "a folder": ("return sorted(os.listdir('.'))", {"new.txt": ""}, "new.txt is new in a folder"),
    "existence": ("return os.path.exists('more')", {"more": ""}, "more is there now"),
    "nothing": ("return 1", {"other.py": "K = 2\n"}, ""),
    "a comment": ("return 1", {"helper.py": "# x\nimport os\ndef work(x): return 1\n"}, ""),
}


def decides(project: Any, files: Files, edit: Files, reason: str) -> None:
    found = told(after_edit(project, files, edit))
    if reason:
        assert found.startswith("run")
        assert reason in found
    else:
        assert found == "cached"


@pytest.mark.slow  # starts processes
@pytest.mark.parametrize("what", WORK)
@pytest.mark.parametrize(("start", "code"), [
    ("fork", POOL), ("spawn", EXECUTOR), ("forkserver", POOL),
])  # fmt: skip
def test_processes_of_every_start_method_count(
    start: str, code: str, what: str, project: Any
) -> None:
    work, edit, reason = WORK[what]
    files = helped(code.format(start), f"import os\ndef work(x): {work}\n", POOLS)
    decides(project, files, edit, reason)


SCRIPT = "return subprocess.run([sys.executable, 'c.py'], capture_output=True, text=True).stdout"
TOP = "import asyncio, os, shlex, subprocess, sys"
READS = "print(open('conf.yaml').read())\n"
PROGRAMS: dict[str, tuple[Files, Files, str]] = {
    "a script looks for a file": (
        own(SCRIPT, TOP, c_py="import os\nprint(os.path.exists('more'))"),
        {"more": ""}, "more is there now"),
    "a script copies variables": (
        own(SCRIPT, TOP, c_py="import os\nprint(dict(os.environ)['RATE'])"), RATE_2, RATE),
    "a script with a comment": (own(SCRIPT, TOP, c_py="print(1)\n"), {"c.py": "# x\nprint(1)"}, ""),
    "a script by os.system": (
        own("os.system(shlex.quote(sys.executable) + ' c.py >out.txt')\n"
            "return open('out.txt').read()", TOP, c_py=READS), CONF_4, LINE_2),
    "a script by os.popen": (
        own("return os.popen(shlex.quote(sys.executable) + ' c.py').read()", TOP, c_py=READS),
        CONF_4, LINE_2),
    "a script by the shell": (
        own("return subprocess.getoutput(shlex.quote(sys.executable) + ' c.py')", TOP, c_py=READS),
        CONF_4, LINE_2),
    "a script by posix_spawn": (
        own("p = os.posix_spawn(sys.executable, [sys.executable, 'c.py'], os.environ)\n"
            "os.waitpid(p, 0)\nreturn ''", TOP, c_py=READS), CONF_4, LINE_2),
    "a script by asyncio": (
        own("async def go():\n    p = await asyncio.create_subprocess_exec("
            "sys.executable, 'c.py', stdout=-1)\n    return (await p.communicate())[0].decode()\n"
            "return asyncio.run(go())", TOP, c_py=READS), CONF_4, LINE_2),
    "cat by os.system": (own("os.system('cat conf.yaml >/dev/null')\nreturn ''", TOP),
        CONF_4, LINE_2),
    "cat by the shell": (own("return subprocess.getoutput('cat conf.yaml')", TOP), CONF_4, LINE_2),
    "cat of standard input": (own("return subprocess.getoutput('cat <conf.yaml')", TOP),
        CONF_4, LINE_2),
    "a file in an option": (own("subprocess.run(['grep', '--file=conf.yaml', 'pipeline.py'])\n"
        "return ''", TOP), CONF_4, LINE_2),
    "a variable of the shell": (own("return subprocess.getoutput('echo $RATE')", TOP),
        RATE_2, RATE),
    "printenv": (own("return subprocess.check_output(['printenv', 'RATE'], text=True)", TOP),
        RATE_2, RATE),
    "another variable": (own("return subprocess.getoutput('echo $RATE')", TOP),
        {"$OTHER": "2"}, ""),
    "a copy that is handed on": (own("subprocess.run(['true'], env=dict(os.environ))\nreturn ''",
        TOP), {"$OTHER": "2"}, ""),
    "what a program wrote": (own("subprocess.run('date >o.txt', shell=True)\n"
        "return open('o.txt').read()", TOP, o_txt="1"), {"o.txt": "2"}, ""),
}  # fmt: skip


@pytest.mark.slow  # starts programs
@pytest.mark.parametrize("how", PROGRAMS)
def test_programs_count(how: str, project: Any) -> None:
    decides(project, *PROGRAMS[how])


APP = "''.join(v for k, v in sorted(os.environ.items()) if k.startswith('MYAPP_'))"
COPIED: dict[str, tuple[Files, Files, str]] = {
    code: (own(f"return {code}", "import os\nfrom collections import ChainMap\n"
        "from string import Template"), RATE_2, RATE)
    for code in (
        "dict(os.environ)['RATE']", "os.environ.copy()['RATE']", "{**os.environ}.get('RATE')",
        "''.join(v for k, v in os.environ.items() if k == 'RATE')", "'{RATE}'.format(**os.environ)",
        "'{RATE}'.format_map(os.environ)", "Template('$RATE').substitute(os.environ)",
        "ChainMap({}, os.environ)['RATE']", "os.environb[b'RATE'].decode()",
    )
}  # fmt: skip
COPIED |= {
    "another one": (own("return dict(os.environ)['RATE']", "import os"), {"$OTHER": "2"}, ""),
    "of a prefix": (own(f"return {APP}", "import os"), {"$MYAPP_A": "2"}, "variable MYAPP_A"),
    "new of a prefix": (own(f"return {APP}", "import os"), {"$MYAPP_B": "2"}, "MYAPP_* stands"),
    "none of a prefix": (own(f"return {APP}", "import os"), {"$OTHER": "2"}, ""),
    "HOME": (own("return os.path.expanduser('~')", "import os"), {"$HOME": "/tmp"}, "HOME"),
    "Path.home": (own("return str(Path.home())", "from pathlib import Path"),
        {"$HOME": "/tmp"}, "HOME"),
    "PATH": (own("return str(shutil.which('ls'))", "import shutil"),
        {"$PATH": "/sbin:/usr/bin:/bin"}, "PATH"),
    "TZ": (own("return time.strftime('%H', time.localtime(0))", "import time"),
        {"$TZ": "Asia/Tokyo"}, "environment variable TZ is set now"),
    "a locale": (own("return str(locale.setlocale(locale.LC_ALL, ''))", "import locale"),
        {"$LC_ALL": "C.UTF-8"}, "LC_ALL"),
}  # fmt: skip


@pytest.mark.parametrize("how", COPIED)
def test_variables_that_are_read_in_other_ways_count(how: str, project: Any) -> None:
    decides(project, *COPIED[how])


PATHS: dict[str, tuple[Files, Files, str]] = {
    "mode": (own("return oct(os.stat('conf.yaml').st_mode)", "import os"),
        {"mode": "600"}, "conf.yaml has other permissions"),
    "access": (own("return str(os.access('conf.yaml', os.X_OK))", "import os"),
        {"mode": "755"}, "conf.yaml has other permissions"),
    "mode of what is only read": (own("return open('conf.yaml').read()"), {"mode": "600"}, ""),
    "access in vain": (own("return str(os.access('more', os.R_OK))", "import os"),
        {"more": ""}, "more"),
    "readlink": (own("return os.readlink('cur')", "import os", a="", b=""),
        {"link": "b"}, "cur leads to b"),
    "resolve": (own("return str(Path('cur').resolve())", "from pathlib import Path", a="", b=""),
        {"link": "b"}, "cur leads to b"),
    "through a link": (own("return open('cur').read()", a="1", b="2"), {"link": "b"}, "cur"),
    "sqlite": (own("sqlite3.connect('d.db').close()\nreturn ''", "import sqlite3", d_db=""),
        {"d.db": "2"}, "d.db changed"),
    "sqlite by URI": (own("sqlite3.connect('file:d.db?mode=ro', uri=True).close()\nreturn ''",
        "import sqlite3", d_db=""), {"d.db": None}, "d.db is gone"),
    "linecache": (own("import linecache\nreturn linecache.getline('o.py', 1)", o_py="a = 1\n"),
        {"o.py": "a  = 1\n"}, "o.py changed"),
    "runpy": (own("import runpy\nreturn str(runpy.run_path('o.py')['a'])", o_py="a = 1\n"),
        {"o.py": "# x\na  = 1\n"}, ""),
    "glob": (own("return str([*Path('rows').glob('*.csv')])", "from pathlib import Path",
        rows__a_csv=""), {"rows/b.csv": ""}, "rows/b.csv is new"),
    "glob of others": (own("return str([*Path('rows').glob('*.csv')])", "from pathlib import Path",
        rows__a_csv=""), {"rows/b.md": ""}, ""),
    "glob.glob": (own("import glob\nreturn str(glob.glob('r*/*.csv'))", rows__a_csv=""),
        {"rows/b.csv": ""}, "rows/b.csv is new"),
    "glob.glob of others": (own("import glob\nreturn str(glob.glob('r*/*.csv'))", rows__a_csv=""),
        {"rows/b.md": "", "new.md": ""}, ""),
    "recursive": (own("import glob\nreturn str(glob.glob('**/*.csv', recursive=True))",
        rows__deep__a_csv=""), {"rows/deep/b.csv": ""}, "b.csv is new"),
    "recursive, others": (own("import glob\nreturn str(glob.glob('**/*.csv', recursive=True))",
        rows__deep__a_csv=""), {"rows/deep/b.md": ""}, ""),
    "a pattern and all": (own("list(Path('rows').glob('*.csv'))\nreturn str(os.listdir('rows'))",
        "import os\nfrom pathlib import Path", rows__a_csv=""), {"rows/b.md": ""}, "rows/b.md"),
}  # fmt: skip


@pytest.mark.parametrize("how", PATHS)
def test_what_is_asked_of_paths_counts(
    how: str, project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, edit, reason = PATHS[how]
    (project.folder / "cur").symlink_to("a")
    if not {"mode", "link"} & edit.keys():
        decides(project, files, edit, reason)
        return
    assert told(after_edit(project, files, {})) == "cached"
    monkeypatch.chdir(project.folder)
    if "mode" in edit:
        Path("conf.yaml").chmod(int(str(edit["mode"]), 8))
    else:
        Path("cur").unlink()
        Path("cur").symlink_to(str(edit["link"]))
    found = told(project.plan()["C"])
    assert found.startswith("run") if reason else found == "cached"
    assert reason in found


OTHER_CODE: dict[str, tuple[str, str, str, str, str]] = {
    # What the component does; its import; the helper before, and after; the reason.
    "hints": ("return str(typing.get_type_hints(helper.g))", "import helper, typing",
        "def g(a: int): return a\n", "def g(a: float): return a\n", "helper.py::g changed"),
    "docstrings by pydoc": ("return pydoc.render_doc(helper.g)", "import helper, pydoc",
        "def g():\n    'A.'\n", "def g():\n    'B.'\n", "helper.py::g changed"),
    "names of variables": ("return str(helper.g.__code__.co_varnames)", "import helper",
        "def g():\n    a = 1\n    return a\n", "def g():\n    b = 1\n    return b\n", "helper.py"),
    "numbers of lines": ("return str(helper.g.__code__.co_firstlineno)", "import helper",
        "def g(): pass\n", "# x\ndef g(): pass\n", "helper.py"),
    "a default of a lambda": ("return str(helper.g(1))", "import helper",
        "g = lambda a, b=1: a + b\n", "g = lambda a, b=2: a + b\n", "helper.py::g changed"),
    "an overload": ("return str(helper.g(1))", "import helper",
        "from typing import overload\n@overload\ndef g(a: int) -> int: ...\ndef g(a): return a\n",
        "from typing import overload\n@overload\ndef g(a: str) -> str: ...\ndef g(a): return a\n",
        ""),
    "a handler's name": ("return helper.g()", "import helper",
        "def g():\n    try: return '1'\n    except OSError as e: return str(e)\n",
        "def g():\n    try: return '1'\n    except OSError as error: return str(error)\n", ""),
    "a handler's class": ("return helper.g()", "import helper",
        "def g():\n    try: return '1'\n    except OSError as e: return str(e)\n",
        "def g():\n    try: return '1'\n    except KeyError as e: return str(e)\n", "helper.py::g"),
    "a pattern's name": ("return helper.g(1)", "import helper",
        "def g(x):\n    match x:\n        case [a, *b]: return a, b\n    return '1'\n",
        "def g(x):\n    match x:\n        case [c, *d]: return c, d\n    return '1'\n", ""),
    "a lambda's parameter": ("return str(helper.g([1]))", "import helper",
        "def g(x): return sorted(x, key=lambda a: -a)\n",
        "def g(x): return sorted(x, key=lambda row: -row)\n", ""),
    "a lambda's body": ("return str(helper.g([1]))", "import helper",
        "def g(x): return sorted(x, key=lambda a: -a)\n",
        "def g(x): return sorted(x, key=lambda a: +a)\n", "helper.py::g changed"),
    "a local import's name": ("return helper.g()", "import helper",
        "def g():\n    import json as a\n    return a.dumps(1)\n",
        "def g():\n    import json as b\n    return b.dumps(1)\n", ""),
    "a local import": ("return helper.g()", "import helper",
        "def g():\n    import json as a\n    return str(a)[:3]\n",
        "def g():\n    import csv as a\n    return str(a)[:3]\n", "helper.py::g changed"),
}  # fmt: skip


@pytest.mark.parametrize("what", OTHER_CODE)
def test_code_that_reads_other_code_sees_its_edits(what: str, project: Any) -> None:
    code, top, before, after, reason = OTHER_CODE[what]
    decides(project, helped(code, before, top), {"helper.py": after}, reason)


def test_a_module_that_a_package_imports_counts_by_what_importing_it_does(project: Any) -> None:
    files = {
        **own("from pk.a import K\nreturn str(K)", pk__a_py="K = 1\n"),
        "pk/__init__.py": "from pk import b\n",
        "pk/b.py": "def z(): return 1\n",
    }
    decides(project, files, {"pk/b.py": "def z(): return 2\n"}, "")


IMPORTED = {
    "import_module": ("return str(importlib.import_module('an_' + 'installed').K)", "importlib"),
    "__import__": ("return str(__import__('an_' + 'installed').K)", "os"),
    "a name in a file": ("return str(importlib.import_module(open('n').read()).K)", "importlib"),
    "exec": ("d = {}\nexec('import an_' + 'installed as m', d)\nreturn str(d['m'].K)", "os"),
    "an entry point": (
        "found, = importlib.metadata.entry_points(group='my.group')\nreturn str(found.load())",
        "importlib.metadata",
    ),
    "resolve_name": ("return str(pkgutil.resolve_name('an_' + 'installed:K'))", "pkgutil"),
}


@pytest.mark.parametrize("how", IMPORTED)
def test_an_installed_package_that_is_found_at_run_time_counts(
    how: str, project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, top = IMPORTED[how]
    info = "site-packages/an_installed-1.0.dist-info"
    module = "site-packages/an_installed/__init__.py"
    files: Files = {
        **own(code, f"import {top}"),
        "n": "an_installed",
        module: "K = 1\n",
        f"{info}/METADATA": "Name: an-installed\nVersion: 1.0\n",
        f"{info}/RECORD": "an_installed/__init__.py,sha256=x,6\n",
        f"{info}/entry_points.txt": "[my.group]\na = an_installed:K\n",
    }
    monkeypatch.syspath_prepend(str(project.folder / "site-packages"))
    try:
        assert told(after_edit(project, files, {"n.md": ""})) == "cached"
        (project.folder / module).write_text("K = 22\n")
        # As a new process begins.
        installed._content.cache_clear()
        monkeypatch.chdir(project.folder)
        assert "package an_installed 1.0 (content" in told(project.plan()["C"])
    finally:
        sys.modules.pop("an_installed", None)


def test_what_a_module_reads_counts_for_each_node_that_has_another_key(project: Any) -> None:
    files = helped("return helper.RATE", "import os\nRATE = os.environ['RATE']\n")
    text = str(files["pipeline.py"])
    second = "@component\ndef B(y: int = 2) -> str:\n    return helper.RATE\n\n@pipeline"
    pipeline = text.replace("@pipeline", second).replace("    C()", "    B()\n    C()")
    decides(project, {**files, "pipeline.py": pipeline}, {"$OTHER": "2"}, "")
    decides(project, {**files, "pipeline.py": pipeline}, RATE_2, RATE)
