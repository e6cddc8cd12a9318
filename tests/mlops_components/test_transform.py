"""Transform: what was analyzed is not analyzed again; statistics before and after; mistakes."""

from pathlib import Path
from typing import Any

import pytest
from transformed_examples import MODULE, Load, span, transformed

from mlops_components import Transform
from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Examples, Schema
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.testing import artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def spans() -> list[Examples]:
    return [span(number) for number in range(3)]


@pytest.fixture(scope="module")
def module_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("user") / "preprocess.py"
    path.write_text(MODULE)
    return path


def test_beam_gives_the_same(spans: list[Examples], module_file: Path, load: Load) -> None:
    found = {
        engine: transformed(spans[0], module_file=module_file, engine=engine)
        for engine in ("memory", "beam")
    }
    assert found["beam"]["transform_graph"].properties["engine"] == "beam"
    frames = [
        load(outputs["transformed_examples"]).reset_index(drop=True) for outputs in found.values()
    ]
    columns = sorted(frames[0].columns)
    frames = [frame.sort_values(columns, ignore_index=True)[columns] for frame in frames]
    assert frames[0].round(5).equals(frames[1].round(5))
    stats = [means(load(o["post_transform_stats"])[""].datasets[0]) for o in found.values()]
    assert stats[0] == stats[1]
    keys = [{p.name for p in o["updated_analyzer_cache"].path.iterdir()} for o in found.values()]
    assert keys[0] == keys[1]


def means(statistics: Any) -> dict[str, tuple[int, float]]:
    return {
        f.path.step[0]: (f.num_stats.common_stats.num_non_missing, round(f.num_stats.mean, 4))
        for f in statistics.features
    }


SEQUENCE_SCHEMA = """
feature { name: "x" type: FLOAT presence { min_fraction: 1 min_count: 1 }
  shape { dim { size: 1 } } }
feature { name: "##SEQUENCE##" type: STRUCT
  struct_domain { feature { name: "steps" type: INT } } }
"""


def test_sequence_examples_are_transformed(tmp_path: Path, load: Load) -> None:
    import tensorflow as tf

    examples = artifact(Examples, payload_format="FORMAT_TF_SEQUENCE_EXAMPLE")
    with SplitWriter(examples, ["train"]) as writer:
        for row in range(4):
            example = tf.train.SequenceExample()
            example.context.feature["x"].float_list.value.append(row)
            steps = example.feature_lists.feature_list["steps"]
            for step in range(row):
                steps.feature.add().int64_list.value.append(step)
            writer.write("train", example.SerializeToString(deterministic=True))
    user = tmp_path / "user.py"
    user.write_text(
        "import tensorflow as tf, tensorflow_transform as tft\n"
        "def preprocessing_fn(inputs):\n"
        "    steps = inputs['##SEQUENCE##.steps']\n"
        "    lengths = tf.cast(tf.expand_dims(steps.row_lengths(), 1), tf.float32)\n"
        "    x = inputs['x'] - tft.mean(inputs['x'])\n"
        "    return {'share': lengths / tft.max(lengths), 'x': x}\n"
    )
    schema = artifact(Schema, {"schema.pbtxt": SEQUENCE_SCHEMA})
    outputs = run_component(
        Transform, examples=[examples], schema=schema, module_file=user, disable_analyzer_cache=True
    ).outputs
    frame = load(outputs["transformed_examples"])
    assert list(frame["x"]) == [-1.5, -0.5, 0.5, 1.5]
    assert list(frame["share"]) == pytest.approx([0, 1 / 3, 2 / 3, 1])


@pytest.mark.parametrize("engine", ["memory", "beam"])
def test_rows_that_were_not_read_are_missed(
    spans: list[Examples], module_file: Path, engine: str
) -> None:
    rows = {split: number + 1 for split, number in spans[0].properties["num_examples"].items()}
    less = Examples(spans[0].uri, properties={**spans[0].properties, "num_examples": rows})
    with pytest.raises(ExecutorError, match=r"split 'train' .* rows were read from"):
        transformed(less, module_file=module_file, engine=engine)
