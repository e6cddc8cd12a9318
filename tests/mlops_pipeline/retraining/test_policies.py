"""Policies: what is read, and mistakes with the place where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.retraining import read_policies


def test_a_policy_is_read_with_paths_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "p.toml").write_text(
        '[policy.daily]\npipeline = "shop"\nmodel = "shop"\ncool_down = "12h"\nbudget = 3\n'
        'business_metric = "bought"\nbusiness_below = -0.05\n[policy.daily.parameters]\nn = 4\n'
        '[policy.weekly]\npipeline = "somewhere.else"\nmodel = "other"\n'
    )
    found = read_policies(tmp_path / "p.toml")
    daily = found["daily"]
    assert (daily.pipeline, daily.model) == (str(tmp_path / "shop"), "shop")
    assert (daily.cool_down, daily.budget, daily.business_below) == (43_200, 3, -0.05)
    assert daily.parameters == {"n": 4}
    assert found["weekly"].pipeline == "somewhere.else"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no policies"),
        ("x = 1", "has no policies"),
        ("[policy]", "has no policies"),
        ("[policy.Big]", "policy.Big is no policy"),
        ("policy.a = 3", "policy.a is no policy"),
        ('[policy.a]\nmodel = "m"', "policy.a has no pipeline"),
        ('[policy.a]\npipeline = "p"\nmodel = 3', "policy.a has no model"),
        ('[policy.a]\npipeline = "p"\nmodel = "../m"', "no name of a model"),
        ('[policy.a]\npipeline = "p"\nmodel = "m"\ncooldown = "1h"', "did you mean 'cool_down'"),
        ('[policy.a]\npipeline = "p"\nmodel = "m"\ncool_down = 5', "policy.a.cool_down is 5"),
        ('[policy.a]\npipeline = "p"\nmodel = "m"\nbudget = 0', "policy.a.budget is 0"),
        ('[policy.a]\npipeline = "p"\nmodel = "m"\nbudget = true', "policy.a.budget is True"),
        ('[policy.a]\npipeline = "p"\nmodel = "m"\non_inputs = false', "never trains"),
        ("[policy", "TOML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(PipelineError) as caught:
        read_policies(tmp_path / "p.toml")
    assert told in f"{caught.value.message} {caught.value.hint}"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"p\.toml"):
        read_policies(tmp_path / "p.toml")
