"""Print what an image installs beside the project: its dependencies and those of some extras.

    python3 docker/requirements.py mlmd tensorflow

Versions come from a constraint file, `pip install -c`. Python 3.11, standard library only.
"""

from __future__ import annotations

import sys
from pathlib import Path

import tomllib

project = tomllib.loads((Path(__file__).resolve().parent.parent / "pyproject.toml").read_text())
wanted = list(project["project"]["dependencies"])
for extra in sys.argv[1:]:
    wanted += project["project"]["optional-dependencies"][extra]
print("\n".join(wanted))
