"""The steps of a training."""

from __future__ import annotations

import json

from mlops_pipeline.inspection.models.training_curve import STEPS, read_curve
from mlops_pipeline.store import ArtifactRecord

RECORD = ArtifactRecord("ModelRun", "/x", 1)


def test_a_long_training_keeps_its_ends() -> None:
    lines = "".join(json.dumps({"step": n, "metrics": {"loss": n}}) + "\n" for n in range(10_000))
    found, said = read_curve(RECORD, lambda record, path: lines.encode())
    assert said == ""
    assert (found[0], found[-1]) == ((0, "loss", 0.0), (9_999, "loss", 9_999.0))
    assert len(found) <= STEPS + 1


def test_lines_of_others_are_left_out_and_counted() -> None:
    text = (
        '{"step": 1, "metrics": {"loss": "NaN", "auc": 1}}\n[]\n{"step": true, "metrics": {}}\n\xff'
    )
    found, said = read_curve(RECORD, lambda record, path: text.encode("latin-1"))
    assert (found, said) == (((1, "auc", 1.0),), "3 lines cannot be read")
    assert read_curve(RECORD, lambda record, path: b"")[0] == ()
