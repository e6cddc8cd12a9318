"""What the tests of mlops_pipeline/runners/workers share."""

from __future__ import annotations

import time
from pathlib import Path

CODE = """
    import os
    import sys

    try:
        from optional import TEXT
    except ImportError:
        TEXT = "none"
    from package.part import VALUE

    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "inner"))
    import inner_code
    sys.path.pop(0)


    def look() -> str:
        facts = [os.getpid(), VALUE, TEXT, os.environ.get("SPARES_TEST"), os.getcwd()]
        return " ".join(map(str, facts))


    def rest() -> None:
        pass


    def leave(path: str) -> None:
        import atexit
        from pathlib import Path

        atexit.register(Path(path).touch)
"""


def settle(folder: Path) -> None:
    """Let files look as if they were written a while ago, as those of a user are."""
    newest = max(path.stat().st_ctime_ns for path in folder.rglob("*"))
    while time.time_ns() - newest < 100_000_000:
        time.sleep(0.01)


def runs(pid: str) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def gone(pid: str) -> None:
    deadline = time.monotonic() + 20
    while runs(pid):
        assert time.monotonic() < deadline, f"process {pid} runs after 20 s"
        time.sleep(0.005)
