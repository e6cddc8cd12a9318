"""Facts of one run."""

from __future__ import annotations

import math
from typing import Any

import pytest
from compared_runs import Story, examples, manifest, model

from mlops_pipeline.inspection.comparison.facts import RunFacts, comparison_key, facts_of
from mlops_pipeline.inspection.comparison.run_records import read_records
from mlops_pipeline.store import ArtifactRecord


def facts(story: Story) -> RunFacts:
    run = story.store.get_run("a")
    assert run
    return facts_of(read_records(story.store, [run], 60.0)[0], [], [])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (math.nan, math.nan, True),
        (None, "null", False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1], [2], False),
    ],
)
def test_keys_are_equal_for_equal_values(one: Any, other: Any, same: bool) -> None:
    assert (comparison_key(one) == comparison_key(other)) is same


def test_data_is_what_comes_in_and_not_what_was_made_of_it(story: Story) -> None:
    story.run("a")
    raw = story.node("a", "Gen", writes={"examples": examples("d1", span=3)})["examples"]
    story.node("a", "Transform", reads={"x": [raw]}, writes={"examples": examples("d2")})
    story.node("a", "Importer", writes={"schema": ArtifactRecord("Schema", "/s", digest="s")})
    story.node("a", "Count", writes={"output": ArtifactRecord("Integer", "/i", digest="i")})
    found = facts(story).facts
    assert sorted(name for kind, name in found if kind == "data") == [
        "Gen.examples",
        "Importer.schema",
    ]
    assert found["data", "Gen.examples"].value["span"] == 3


def test_a_file_that_a_parameter_names_is_data(story: Story) -> None:
    story.run("a")
    parts = {"table": {"content": "abcdefabcdefabcdef"}, "code": {"module": "m.py"}}
    story.node(
        "a", "Gen", parameters={"table": "x.csv"}, manifest=manifest(story.store, parameters=parts)
    )
    found = facts(story).facts
    assert found["data", "Gen.table"].value == {"digest": "abcdefabcdef", "path": "x.csv"}
    assert ("data", "Gen.code") not in found


def test_packages_are_of_all_nodes_and_those_that_disagree_stand_apart(story: Story) -> None:
    story.run("a")
    for name, version in (("One", "1"), ("Two", "1"), ("Three", "2")):
        story.node("a", name, manifest=manifest(story.store, packages={"numpy": version}))
    found = facts(story).facts
    assert found["package", "numpy"].nodes == {"One", "Two"}
    assert found["package", "numpy of Three"].value == "2"


def test_the_way_to_a_model_leads_through_what_it_was_made_of(story: Story) -> None:
    story.run("a")
    raw = story.node("a", "Gen", writes={"examples": examples("d")})["examples"]
    made = story.node("a", "Train", reads={"x": [raw]}, writes={"model": model("m")})["model"]
    story.node("a", "Push", reads={"model": [made]})
    assert facts(story).toward_model == {"Gen", "Train"}


@pytest.mark.parametrize("text", ["", "null", "[]", '{"parts": 3}', "{", '{"parts": {"code": 3}}'])
def test_a_manifest_that_cannot_be_read_hides_nothing_else(story: Story, text: str) -> None:
    story.run("a")
    story.node("a", "Train", manifest=text, parameters={"steps": 1})
    assert facts(story).facts["parameter", "Train.steps"].value == 1


def test_a_model_that_a_resolver_found_is_carried_over_and_not_made(story: Story) -> None:
    story.run("old")
    number = story.node("old", "Train", writes={"model": model("m")})["model"]
    (record,) = story.store.artifacts([number])
    story.run("a")
    story.node("a", "Latest", writes={"model": record})
    found = facts(story)
    assert [place for place in found.facts if place[0] in ("model", "carry-over")] == [
        ("carry-over", "Latest.model")
    ]
    assert found.facts["carry-over", "Latest.model"].value[0]["run"] == "old"
    assert found.toward_model == frozenset()


def test_an_imported_artifact_is_data_in_every_run(story: Story) -> None:
    story.run("old")
    number = story.node("old", "Importer", writes={"schema": ArtifactRecord("Schema", "/s")})
    (record,) = story.store.artifacts(number.values())
    story.run("a")
    story.node("a", "Importer", writes={"schema": record})
    assert ("data", "Importer.schema") in facts(story).facts
