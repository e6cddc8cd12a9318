"""Evaluations for the sides beside ours: exactly those of this repository's pipelines.

The configuration is read from the text of a pipeline, which these sides cannot import.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

PIPELINES = Path(__file__).resolve().parents[1] / "pipelines"


def eval_config(pipeline: str) -> Any:
    """Return the `EvalConfig` of a pipeline in `pipelines/`."""
    from google.protobuf import json_format

    # TFMA 0.52 itself does not give it.
    from tensorflow_model_analysis.proto import config_pb2

    file = PIPELINES / pipeline / "pipeline.py"
    for statement in ast.parse(file.read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "EVAL_CONFIG":
            return json_format.ParseDict(ast.literal_eval(statement.value), config_pb2.EvalConfig())
    raise SystemExit(f"{file} has no EVAL_CONFIG any more")
