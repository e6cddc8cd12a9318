"""`mlops deploy`: a version is rolled out, and what cannot be is refused before it begins."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cli_project import Mlops
from rollouts import with_served

from mlops_pipeline.deployment import list_rollouts, parse_table
from mlops_pipeline.models import archive, open_model
from mlops_pipeline.store import MetadataStore, open_store

AT_ONCE = ("--strategy", "all-at-once", "--load-seconds", "0", "--every", "0.01")


@pytest.fixture
def store(mlops: Mlops) -> MetadataStore:
    mlops("run", ".")
    store = open_store(os.environ["MLOPS_STORE"])
    with_served(store, 3)
    return store


def test_the_newest_version_answers_all_at_once(
    mlops: Mlops, store: MetadataStore, tmp_path: Path
) -> None:
    done = mlops("deploy", "fraud", *AT_ONCE, "--table", str(tmp_path / "t.json"), "--by", "ann")
    assert done.code == 0
    assert "fraud-1: loading by ann" in done.out
    assert "fraud-1: promoted: the servers had time to load it" in done.out
    assert open_model(store, "fraud").alias("champion") == 3
    assert parse_table((tmp_path / "t.json").read_bytes()).models["fraud"].champion == 103


def test_a_canary_is_begun_and_left_to_others(mlops: Mlops, store: MetadataStore) -> None:
    done = mlops("deploy", "fraud", "v2", "--steps", "5%,0.5", "--detach", "--json")
    assert (done.data["state"], done.data["plan"]["steps"]) == ("loading", [0.05, 0.5])
    assert done.data["plan"]["serves"] == [102, 101]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nobody"], "nobody"),
        (["fraud", "9"], "no version 9"),
        (["fraud", "1"], "the champion already"),
        (["fraud", "--strategy", "canery"], "did you mean 'canary'"),
        (["fraud", "--steps", "half"], "no share of the keys"),
        (["fraud", "--steps", "60%"], "up to 0.5"),
        (["fraud", "--strategy", "ab", "--steps", "10%"], "takes no steps"),
        (["fraud", "--minimum", "1"], "minimum is 1"),
        (["fraud", "--table", "pipeline.py/t.json"], "cannot be written"),
        (["fraud", "--table", "."], "cannot be written"),
    ],
)
def test_mistakes_begin_nothing(
    mlops: Mlops, store: MetadataStore, words: list[str], told: str
) -> None:
    done = mlops("deploy", *words)
    assert done.code == 2
    assert told in done.err
    assert list_rollouts(store, "fraud") == []


def test_a_version_that_is_archived_or_was_never_served_is_refused(
    mlops: Mlops, store: MetadataStore
) -> None:
    from registered_models import push

    from mlops_pipeline.models import register_artifact

    archive(store, "fraud", 3)
    refused = mlops("deploy", "fraud", "3")
    assert (refused.code, "v3 is archived" in refused.err) == (2, True)
    register_artifact(store, push(store, "elsewhere"), "fraud")
    refused = mlops("deploy", "fraud", "4")
    assert (refused.code, "numbered versions" in refused.err) == (2, True)
