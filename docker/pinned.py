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


# A package may be listed twice, for different Pythons.
pins = {
    (normal(name), version)
    for name, version in re.findall(
        r"^([\w.-]+)(?:\[.*?\])?==([^\s;]+)", Path(sys.argv[1]).read_text(), re.M
    )
}
passed = {"mlops-pipeline", *sys.argv[2:]}
found = {normal(d.metadata["Name"]): d.version for d in importlib.metadata.distributions()}
wrong = [f"{n}=={v}" for n, v in sorted(found.items()) if (n, v) not in pins and n not in passed]
print(f"{len(found)} packages, {len(wrong)} of them not pinned: {' '.join(wrong)}")
sys.exit(bool(wrong))
