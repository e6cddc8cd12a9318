"""Charts as data."""

from __future__ import annotations

import json

from mlops_pipeline.ui.views.charts import axis, make_chart


def test_a_chart_holds_only_what_json_has_a_word_for() -> None:
    found = make_chart("t", ["x", "y"], [["a", float("nan")], ["b", None]], {"mark": "bar"})
    assert found.rows == (("a", "nan"), ("b", None))
    assert json.loads(json.dumps(found.spec)) == {
        "width": "container",
        "height": 220,
        "mark": "bar",
    }


def test_an_axis_has_the_name_of_its_field_unless_it_has_another() -> None:
    assert axis("x", "nominal") == {"field": "x", "type": "nominal", "title": "x"}
    assert axis("x", "nominal", "X", sort=None)["title"] == "X"
