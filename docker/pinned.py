"""Fail if something is installed that a constraint file does not list with this version.

    python pinned.py constraints/ml-py311.txt [PACKAGE...]

The packages named are let pass: those that come with Python.
"""

from __future__ import annotations

import importlib.metadata
import re
import sys
from pathlib import Path


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


lines = Path(sys.argv[1]).read_text().splitlines()
pins = {
    normal(a): b for a, b in (re.findall(r"[^=;\s\[]+", x)[:2] for x in lines if "==" in x[:99])
}
passed = {"mlops-pipeline", *sys.argv[2:]}
found = {normal(d.metadata["Name"]): d.version for d in importlib.metadata.distributions()}
wrong = [f"{n}=={v}" for n, v in sorted(found.items()) if pins.get(n) != v and n not in passed]
print(f"{len(found)} packages, {len(wrong)} of them not pinned: {' '.join(wrong)}")
sys.exit(bool(wrong))
