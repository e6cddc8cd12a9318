"""Transform: what was analyzed is not analyzed again; statistics before and after; mistakes."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_components import SplitsConfig, Transform
from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Artifact, Examples, Schema, TransformCache
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError, PipelineError
from mlops_pipeline.roots import digest_path
from mlops_pipeline.testing import artifact, run_component

Load = Callable[[Artifact], Any]

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

SCHEMA = """
feature { name: "x" type: FLOAT presence { min_fraction: 1 min_count: 1 }
  shape { dim { size: 1 } } }
feature { name: "word" type: BYTES presence { min_fraction: 1 min_count: 1 }
  shape { dim { size: 1 } } }
"""

MODULE = """
import tensorflow_transform as tft

def preprocessing_fn(inputs):
    return {
        "z": tft.scale_to_z_score(inputs["x"]),
        "bucket": tft.bucketize(inputs["x"], 3),
        "index": tft.compute_and_apply_vocabulary(inputs["word"], vocab_filename="words"),
    }
"""


def written(rows: dict[str, list[tuple[float, str]]], **properties: Any) -> Examples:
    import tensorflow as tf

    made = artifact(Examples, **properties)
    with SplitWriter(made, list(rows)) as writer:
        for split, values in rows.items():
            for x, word in values:
                feature = {
                    "x": tf.train.Feature(float_list=tf.train.FloatList(value=[x])),
                    "word": tf.train.Feature(bytes_list=tf.train.BytesList(value=[word.encode()])),
                }
                features = tf.train.Features(feature=feature)
                example = tf.train.Example(features=features)
                writer.write(split, example.SerializeToString(deterministic=True))
    return made


def span(number: int) -> Examples:
    rows = [(float(100 * number + i), f"w{(number + i) % 5}") for i in range(30)]
    return written({"train": rows, "eval": rows[:3]}, span=number)


@pytest.fixture(scope="module")
def spans() -> list[Examples]:
    return [span(number) for number in range(3)]


@pytest.fixture(scope="module")
def module_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("user") / "preprocess.py"
    path.write_text(MODULE)
    return path


def transformed(examples: Any, **more: Any) -> Any:
    schema = artifact(Schema, {"schema.pbtxt": SCHEMA})
    examples = examples if isinstance(examples, list) else [examples]
    return run_component(Transform, examples=examples, schema=schema, **more).outputs


ANALYSIS = {"materialize": False, "disable_statistics": True}


def damaged(examples: Examples) -> Examples:
    """The same artifact, as far as one can tell, with a file that nobody can read."""
    copy = artifact(Examples, {"Split-train/data": b"not a record"}, **examples.properties)
    copy.digest = digest_path(examples.path)
    return copy


@pytest.fixture(scope="module")
def first_two(spans: list[Examples], module_file: Path) -> Any:
    return transformed(spans[:2], module_file=module_file, **ANALYSIS)


def test_only_the_new_span_of_a_window_is_analyzed(
    spans: list[Examples], module_file: Path, first_two: Any, load: Load
) -> None:
    import tensorflow as tf

    window = [damaged(spans[1]), spans[2]]
    cache = first_two["updated_analyzer_cache"]
    moved = transformed(window, module_file=module_file, analyzer_cache=cache, **ANALYSIS)
    afresh = transformed(spans[1:], module_file=module_file, **ANALYSIS)
    for name in ("transform_graph", "updated_analyzer_cache"):
        assert digest_path(moved[name].path) == digest_path(afresh[name].path)
    uncached = transformed(
        spans[1:], module_file=module_file, disable_analyzer_cache=True, **ANALYSIS
    )
    assert list(uncached["updated_analyzer_cache"].path.iterdir()) == []
    row = {"x": tf.constant([[200.0]]), "word": tf.constant([["w3"]])}
    layers = [load(o["transform_graph"]).transform_features_layer() for o in (moved, uncached)]
    values = [
        {name: float(tensor.numpy().item()) for name, tensor in layer(row).items()}
        for layer in layers
    ]
    assert values[0] == pytest.approx(values[1])
    # What the next window may need is kept, and what left the window is not.
    old, new = (
        {path.name for path in outputs["updated_analyzer_cache"].path.iterdir()}
        for outputs in (first_two, moved)
    )
    assert (len(old), len(new), len(old & new)) == (2, 2, 1)
    again = transformed(
        [damaged(spans[1]), damaged(spans[2])],
        module_file=module_file,
        analyzer_cache=moved["updated_analyzer_cache"],
        **ANALYSIS,
    )
    for name in ("transform_graph", "updated_analyzer_cache"):
        assert digest_path(again[name].path) == digest_path(moved[name].path)


def test_changed_analysis_reads_what_it_has_no_cache_of(
    spans: list[Examples], tmp_path: Path, first_two: Any
) -> None:
    changed = tmp_path / "changed.py"
    changed.write_text(MODULE.replace("scale_to_z_score", "scale_to_0_1"))
    cache = first_two["updated_analyzer_cache"]
    with pytest.raises(ExecutorError, match="not a readable TFRecord file"):
        transformed([damaged(spans[0])], module_file=changed, analyzer_cache=cache, **ANALYSIS)


def test_python_function_in_the_graph_uses_no_cache(spans: list[Examples], tmp_path: Path) -> None:
    user = tmp_path / "user.py"
    text = (
        "import tensorflow as tf, tensorflow_transform as tft\n"
        "def preprocessing_fn(inputs):\n"
        "    x = tf.numpy_function(lambda x: x * {}, [inputs['x']], tf.float32)\n"
        "    x.set_shape([None, 1])\n"
        "    return {{'x': inputs['x'] - tft.mean(x)}}\n"
    )
    user.write_text(text.format(1))
    cache = transformed(spans[0], module_file=user, **ANALYSIS)["updated_analyzer_cache"]
    user.write_text(text.format(2))
    with pytest.raises(ExecutorError, match="not a readable TFRecord file"):
        transformed(damaged(spans[0]), module_file=user, analyzer_cache=cache, **ANALYSIS)


def test_cache_runs_no_code(
    spans: list[Examples], module_file: Path, first_two: Any, tmp_path: Path
) -> None:
    import tensorflow as tf

    class Evil:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "ran",)

    cache = first_two["updated_analyzer_cache"]
    files = {
        str(path.relative_to(cache.path)): path.read_bytes()
        for path in cache.path.rglob("*")
        if path.is_file()
    }
    forged = artifact(TransformCache, files)
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    sketches = 0
    for path in forged.path.rglob("*.gz"):
        records = tf.data.TFRecordDataset(str(path), "GZIP").as_numpy_iterator()
        if next(records).startswith(b"\x80"):
            sketches += 1
            with tf.io.TFRecordWriter(str(path), options) as writer:
                writer.write(pickle.dumps(Evil()))
    assert sketches == 2
    with pytest.raises(Exception, match="not a sketch"):
        transformed(spans[:2], module_file=module_file, analyzer_cache=forged, **ANALYSIS)
    assert not (tmp_path / "ran").exists()
    for path in forged.path.rglob("MANIFEST.json"):
        path.write_text("nonsense")
    found = transformed(spans[:2], module_file=module_file, analyzer_cache=forged, **ANALYSIS)
    assert digest_path(found["updated_analyzer_cache"].path) == digest_path(cache.path)


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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def preprocessing_fn(inputs)\n", r"user.py:1: expected ':'"),
        ("def preprocessing_fn(inputs): return None", "preprocessing_fn returned nothing"),
        ("def preprocessing_fn(inputs): return [1]", "preprocessing_fn returned list"),
        ("def preprocessing_fn(inputs): return {'a': 1}", "returned a int for 'a'"),
        ("def preprocessing_fn(inputs): return {'a': inputs['y']}", "asks for the feature 'y'"),
        ("def preprocessing_fn(inputs): return 1 / 0", "preprocessing_fn failed: .*division"),
        (
            "def preprocessing_fn(inputs): return inputs\n"
            "def stats_options_updater_fn(kind, options): pass",
            "stats_options_updater_fn returned a NoneType",
        ),
        (
            "def preprocessing_fn(inputs): return inputs\n"
            "def stats_options_updater_fn(kind, options): raise ValueError('no')",
            "stats_options_updater_fn failed: .*no",
        ),
    ],
)
def test_mistakes_in_the_user_module_are_named(
    spans: list[Examples], tmp_path: Path, text: str, message: str
) -> None:
    user = tmp_path / "user.py"
    user.write_text(text)
    with pytest.raises(ExecutorError, match=message):
        transformed(spans[0], module_file=user)


@pytest.mark.parametrize(
    ("feature", "text", "message"),
    [
        ({"x": [1.0]}, "return {'w': inputs['word']}", "'word' a fixed shape, and some examples"),
        ({"x": [1.0]}, "return {'w': tft.compute_and_apply_vocabulary(inputs['word'])}",
         "'word' a fixed shape, and some examples"),
        ({"x": [b"one"], "word": [b"a"]}, "return {'x': inputs['x']}",
         "feature 'x' has texts in .*Split-train, and floats in the schema"),
    ],
    ids=["vanished", "vanished for an analyzer", "other type"],
)  # fmt: skip
def test_a_column_that_changes_between_spans_is_named(
    spans: list[Examples], tmp_path: Path, feature: dict[str, Any], text: str, message: str
) -> None:
    import tensorflow as tf

    other = artifact(Examples, span=9)
    with SplitWriter(other, ["train", "eval"]) as writer:
        for split in ("train", "eval"):
            example = tf.train.Example()
            for name, values in feature.items():
                kind = "bytes_list" if isinstance(values[0], bytes) else "float_list"
                getattr(example.features.feature[name], kind).value.extend(values)
            writer.write(split, example.SerializeToString())
    module = tmp_path / "user.py"
    module.write_text(f"import tensorflow_transform as tft\ndef preprocessing_fn(inputs): {text}\n")
    with pytest.raises(ExecutorError, match=message) as caught:
        transformed([spans[0], other], module_file=module)
    assert "schema" in caught.value.hint


def test_mistakes_in_the_parameters_are_named(
    spans: list[Examples], module_file: Path, first_two: Any
) -> None:
    other = written({"train": [(1.0, "a")]})
    empty = written({"train": [], "eval": []})
    mistakes: list[tuple[type[PipelineError], str, Any, dict[str, Any]]] = [
        (ExecutorError, "Split-train holds no examples", empty, {}),
        (
            ExecutorError,
            "Split-eval holds no examples",
            written({"train": [(1.0, "a")], "eval": []}),
            {},
        ),
        (ParameterError, "has the splits train, but", [spans[0], other], {}),
        (NotFoundError, "no split 'trai'", spans[0], {"splits_config": SplitsConfig(["trai"])}),
        (ParameterError, "analyze is empty", spans[0], {"splits_config": SplitsConfig([])}),
        (ParameterError, "both module_file and", spans[0], {"stats_options_updater_fn": "a:b"}),
        (
            ParameterError,
            "disable_analyzer_cache",
            spans[0],
            {
                "analyzer_cache": first_two["updated_analyzer_cache"],
                "disable_analyzer_cache": True,
            },
        ),
    ]
    for kind, message, examples, more in mistakes:
        with pytest.raises(kind, match=message):
            transformed(examples, module_file=module_file, **more)


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
