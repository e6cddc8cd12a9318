"""Transform: what was analyzed is not analyzed again; statistics before and after; mistakes."""

from pathlib import Path

import pytest
from transformed_examples import MODULE, SCHEMA, Load, span, transformed

from mlops_pipeline.artifacts import Examples, Schema
from mlops_pipeline.testing import artifact

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def spans() -> list[Examples]:
    return [span(number) for number in range(3)]


STATISTICS = """
def stats_options_updater_fn(stats_type, stats_options):
    from mlops_components.user_modules.tfx_compat import StatsType
    assert stats_type in (StatsType.PRE_TRANSFORM, StatsType.POST_TRANSFORM)
    stats_options.num_top_values = 2
    return stats_options
"""


def test_statistics_describe_what_goes_in_and_what_comes_out(
    spans: list[Examples], tmp_path: Path, load: Load
) -> None:
    user = tmp_path / "user.py"
    user.write_text(MODULE + STATISTICS)
    outputs = transformed(spans[:2], module_file=user)
    by_stage = {}
    for stage in ("pre", "post"):
        (statistics,) = load(outputs[f"{stage}_transform_stats"])[""].datasets
        by_stage[stage] = (
            statistics.num_examples,
            {".".join(f.path.step): f for f in statistics.features},
        )
    # Before: what is analyzed; after: what is transformed.
    assert {stage: count for stage, (count, _) in by_stage.items()} == {"pre": 60, "post": 66}
    assert set(by_stage["pre"][1]) == {"x", "word"}
    assert set(by_stage["post"][1]) == {"z", "bucket", "index"}
    assert by_stage["pre"][1]["x"].num_stats.max == 129
    assert len(by_stage["pre"][1]["word"].string_stats.top_values) == 2
    assert load(outputs["pre_transform_schema"]) == load(artifact(Schema, {"schema.pbtxt": SCHEMA}))
    names = {feature.name for feature in load(outputs["post_transform_schema"]).feature}
    assert names == {"z", "bucket", "index"}
    assert dict(load(outputs["post_transform_anomalies"])[""].anomaly_info) == {}
    frame = load(outputs["transformed_examples"])
    assert (len(frame.loc["train"]), len(frame.loc["eval"])) == (60, 6)
    assert outputs["transformed_examples"].properties["span"] == 1
