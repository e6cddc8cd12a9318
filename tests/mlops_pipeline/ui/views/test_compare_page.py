"""The page of a comparison."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from page_runs import hostile_reader, page

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.store import Run
from mlops_pipeline.ui.views.compare_page import ComparedTable, read_compare_page
from mlops_pipeline.ui.views.reader import Reader


def test_two_runs_have_a_table_for_each_kind_of_difference(reader: Reader) -> None:
    found = page(reader, "compare?a=first&b=second")
    tables = {table.title: table for table in found.tables}
    assert tables["Parameters"] == ComparedTable(
        "Parameters", ("", "A", "B"), (("steps", "7", "9"),)
    )
    assert found.compared.verdict == "the models differ"
    assert (found.letters, found.same > 3) == (("A", "B"), True)


def test_metrics_are_read_only_below_the_known_folders(reader: Reader) -> None:
    known = page(reader, "compare?a=first&b=second")
    unknown = page(replace(reader, roots=()), "compare?a=first&b=second")
    assert [row.kind for row in known.compared.rows].count("metric") == 4
    # The overall metrics are no property here, so that nothing is left of them.
    assert [row.kind for row in unknown.compared.rows].count("metric") == 0
    assert unknown.compared.runs[0].problems


def test_one_run_is_not_compared_with_itself(reader: Reader) -> None:
    with pytest.raises(PipelineError, match="one run"):
        page(reader, "compare?a=first&b=first")


def test_hostile_names_are_compared_as_any(tmp_path: Path) -> None:
    hostile = hostile_reader(tmp_path)
    hostile.store.put_run(Run("plain", "p"))
    names = [run.id for run in hostile.store.list_runs()]
    assert len(read_compare_page(hostile, names).compared.runs) == 2
