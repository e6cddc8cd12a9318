"""A model with all that belongs to it."""

from __future__ import annotations

from pathlib import Path

from model_runs import read_judged_runs

from mlops_pipeline.inspection.models.evaluation_file import local_files
from mlops_pipeline.inspection.models.model_report import read_model


def test_a_report_of_a_model_is_read_from_where_its_files_are(tmp_path: Path) -> None:
    store = read_judged_runs(tmp_path).store
    found = read_model(store, "last", local_files())
    assert found.made
    assert (found.made.run, found.made.pipeline) == ("two", "judged")
    assert found.results
    assert (found.results.metric, found.results.has_examples) == ("binary_accuracy", True)
    assert (len(found.chain), len(found.evaluations), len(found.data_before)) == (1, 1, 1)
    other = read_model(store, "last", local_files(), evaluation="999")
    assert "evaluation 999 is none of it" in other.notes
