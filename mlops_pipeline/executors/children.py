"""Child processes of a task that run Python: they note what they use in a file for their parent.

A child that is started as a program finds a `sitecustomize` of ours first on its path, which
observes it and then steps aside for the real one. Children by `fork` have the parent's hook.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

_SITE = """
import importlib.machinery, importlib.util, os, sys


def observe():
    folder = os.path.dirname(os.path.abspath(__file__))
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    log = os.open(os.path.join(folder, "used"), flags, 0o600)
    before = os.environ.pop("MLOPS_CHILD_PYTHONPATH", None)
    os.environ.pop("PYTHONPATH", None)
    if before is not None:
        os.environ["PYTHONPATH"] = before
    sys.path[:] = [each for each in sys.path if os.path.abspath(each) != folder]
    standard, frozen = os.path.dirname(os.__file__) + "/", "<frozen "
    write, decode, cwd, frame_of = os.write, os.fsdecode, os.getcwd, sys._getframe
    join, flat, writing = os.path.join, os.path.normpath, os.O_WRONLY | os.O_RDWR | os.O_CREAT
    kind = type(os.environ)
    read, each_of, stat = kind.__getitem__, kind.__iter__, os.stat
    paths = (os.path.exists.__code__.co_filename, standard + "genericpath.py", standard + "pathlib")
    existence = ("exists", "isfile", "isdir", "islink", "is_file", "is_dir", "lexists")
    expanding = ("expandvars", "expanduser", "home")
    lowest = ("/os.py", "/_collections_abc.py", "/posixpath.py")

    system = (standard, frozen, "/proc/", "/sys/", "/dev/")

    # They look through all of `sys.path` for what is installed.
    searching = ("/importlib/metadata/", "/importlib_metadata/", "/pkg_resources/", "/setuptools/")

    def installed(name):
        return "-packages/" in name or name.startswith(system)

    def searches(frame):
        while frame is not None and installed(frame.f_code.co_filename):
            name = frame.f_code.co_filename
            if name.startswith("<frozen importlib") or any(each in name for each in searching):
                return True
            frame = frame.f_back
        return False

    def note(what, name):
        if name and "\\n" not in name:
            write(log, ("%s\\t%s\\n" % (what, name)).encode("utf-8", "surrogateescape"))

    def opened(event, args, importing):
        path = flat(join(cwd(), decode("." if args[0] is None else args[0])))
        if installed(path + "/"):
            return
        mode = args[1] if event == "open" else None
        if event != "open":
            if not searches(frame_of(2)):
                note("list", path)
        elif importing:
            if path.endswith((".py", ".pyc", ".so")):
                note("module", path)
        elif any(each in mode for each in "wax") if isinstance(mode, str) else args[2] & writing:
            note("write", path)
        else:
            note("read", path)
            s = stat(path)
            as_it_was = (s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino, s.st_dev)
            note("stamp", "%s %s" % (":".join(map(str, as_it_was)), path))

    def hook(event, args):
        if event not in ("open", "os.listdir", "os.scandir"):
            return
        try:
            if not isinstance(args[0], int):
                name = frame_of(1).f_code.co_filename
                opened(event, args, name.startswith(("<frozen importlib", "<frozen zipimport")))
        except Exception:
            pass

    def getitem(environ, key):
        try:
            frame = frame_of(1)
            while frame is not None and passed(frame.f_code):
                frame = frame.f_back
            if frame is not None and not installed(frame.f_code.co_filename):
                note("variable", decode(key))
        except Exception:
            pass
        return read(environ, key)

    def passed(code):
        file = code.co_filename
        lower = file.startswith(frozen) or file.endswith(lowest)
        return lower or code.co_name in expanding

    def iterate(environ):
        try:
            frame = frame_of(1)
            while frame is not None and passed(frame.f_code):
                frame = frame.f_back
            if frame is not None and not installed(frame.f_code.co_filename):
                note("variables", "*")
        except Exception:
            pass
        return each_of(environ)

    def asked(path, **options):
        try:
            frame, what = frame_of(1), "read"
            while frame is not None and frame.f_code.co_filename.startswith(paths):
                what = "there" if frame.f_code.co_name in existence else what
                frame = frame.f_back
            mine = frame is not None and not installed(frame.f_code.co_filename)
            name = flat(join(cwd(), decode(path))) if mine and not isinstance(path, int) else ""
            if name and not installed(name + "/"):
                note(what, name)
        except Exception:
            pass
        return stat(path, **options)

    # An object, since a class that holds it must not bind it.
    of_class = {"__call__": staticmethod(asked), "__reduce__": lambda _: "stat"}
    kind.__getitem__, kind.__iter__ = getitem, iterate
    os.stat = type("stat", (), {**of_class, "__module__": "os", "__wrapped__": stat})()
    for able in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks):
        able.add(os.stat)
    sys.addaudithook(hook)


observe()
found = importlib.machinery.PathFinder.find_spec("sitecustomize")
if found is not None:
    found.loader.exec_module(importlib.util.module_from_spec(found))
"""


class Children:
    """The children of one task, and the file that they write to."""

    def __init__(self) -> None:
        self.folder = ""

    def expect(self) -> None:
        """Make the folder of the file, before a child is started."""
        if not self.folder:
            import tempfile  # Few tasks start a child.

            self.folder = tempfile.mkdtemp(prefix="mlops-children-")
            Path(self.folder, "sitecustomize.py").write_text(_SITE)

    def environment(self, given: Sequence[bytes] | None) -> list[bytes]:
        """Return the environment of a child, as `NAME=value`, so that it is observed."""
        here = os.environb.items()
        plain = [name + b"=" + value for name, value in here] if given is None else list(given)
        path = next((each[11:] for each in plain if each.startswith(b"PYTHONPATH=")), None)
        added = [b"PYTHONPATH=" + b":".join([os.fsencode(self.folder), *([path] if path else [])])]
        if path is not None:
            added.append(b"MLOPS_CHILD_PYTHONPATH=" + path)
        return [each for each in plain if not each.startswith(b"PYTHONPATH=")] + added

    def note(self, kind: str, name: str) -> None:
        """Write what a forked child uses, in that child."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        log = os.open(f"{self.folder}/used", flags, 0o600)
        try:
            os.write(log, f"{kind}\t{name}\n".encode("utf-8", "surrogateescape"))
        finally:
            os.close(log)

    def used(self) -> list[tuple[str, str]]:
        """Return what the children noted: a kind (`read`, `write`, `list`, ...) and a name.

        With `stamp`, the stamp that a file had when it was read stands before its name.
        """
        if not self.folder:
            return []
        try:
            data = Path(self.folder, "used").read_bytes()
        except OSError:
            return []
        lines = data.decode("utf-8", "surrogateescape").splitlines()
        return [(kind, name) for kind, tab, name in (line.partition("\t") for line in lines) if tab]

    def close(self) -> None:
        """Remove the file."""
        if self.folder:
            import shutil

            server = sys.modules.get("multiprocessing.forkserver")
            if server is not None:
                # It has the folder of this task in its environment.
                with contextlib.suppress(Exception):
                    server._forkserver._stop()

            shutil.rmtree(self.folder, ignore_errors=True)
