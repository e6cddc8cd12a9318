"""What the plain and the TFX side of penguin.py evaluate: exactly what pipelines/penguin does.

The configuration is read from the text of the pipeline, which these sides cannot import.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

PENGUIN = Path(__file__).resolve().parents[1] / "pipelines" / "penguin"


def eval_config(tfma: Any) -> Any:
    """The `EvalConfig` of the pipeline."""
    from google.protobuf import json_format

    for statement in ast.parse((PENGUIN / "pipeline.py").read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "EVAL_CONFIG":
            return json_format.ParseDict(ast.literal_eval(statement.value), tfma.EvalConfig())
    raise SystemExit("pipelines/penguin/pipeline.py has no EVAL_CONFIG any more")
