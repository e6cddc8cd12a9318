"""Transform: what was analyzed is not analyzed again; statistics before and after; mistakes."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from transformed_examples import ANALYSIS, MODULE, Load, span, transformed

from mlops_pipeline.artifacts import Examples, TransformCache
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.roots import digest_path
from mlops_pipeline.testing import artifact

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def spans() -> list[Examples]:
    return [span(number) for number in range(3)]


@pytest.fixture(scope="module")
def module_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("user") / "preprocess.py"
    path.write_text(MODULE)
    return path


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
