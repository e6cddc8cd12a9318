"""SavedModels whose operations reach out of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_components.loaders import load_model, load_transform_graph
from mlops_pipeline.artifacts import Model, TransformGraph
from mlops_pipeline.errors import PipelineError

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def saved(folder: Path, function: Callable[[Any], Any], **attributes: Any) -> Model:
    import tensorflow as tf

    module = tf.Module()
    for name, value in attributes.items():
        setattr(module, name, value)
    text = tf.TensorSpec([], tf.string)
    module.answer = tf.function(function, input_signature=[text])
    serving = folder / "model" / "Format-Serving"
    tf.saved_model.save(module, str(serving), signatures=module.answer)
    return Model(str(folder / "model"))


def reaching(name: str, folder: Path) -> Callable[[Any], Any]:
    import tensorflow as tf

    file = str(folder / "written")

    def write(text: Any) -> Any:
        tf.io.write_file(file, text)
        return text

    def print_to_file(text: Any) -> Any:
        tf.print(text, output_stream=f"file://{file}")
        return text

    def save(text: Any) -> Any:
        tf.raw_ops.SaveV2(prefix=file, tensor_names=["a"], shape_and_slices=[""], tensors=[text])
        return text

    def read_lines(text: Any) -> Any:
        for line in tf.data.TextLineDataset("/etc/hostname"):
            text += line
        return text

    return {
        "WriteFile": write,
        "PrintV2": print_to_file,
        "SaveV2": save,
        "TextLineDataset": read_lines,
        "ReadFile": lambda text: tf.io.read_file(text),
        "MatchingFiles": lambda text: tf.io.matching_files(text)[0],
        "EagerPyFunc": lambda text: tf.py_function(lambda value: value, [text], tf.string),
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "WriteFile",
        "PrintV2",
        "SaveV2",
        "TextLineDataset",
        "ReadFile",
        "MatchingFiles",
        "EagerPyFunc",
    ],
)
def test_operations_that_reach_out_are_refused_by_name(tmp_path: Path, name: str) -> None:
    model = saved(tmp_path, reaching(name, tmp_path))
    with pytest.raises(PipelineError, match=name) as refused:
        load_model(model)
    assert "trusted=True" in str(refused.value.hint)
    assert "serving_default" in load_model(model, trusted=True).signatures
    assert not (tmp_path / "written").exists()


def test_variables_tables_and_datasets_are_loaded(tmp_path: Path) -> None:
    import tensorflow as tf

    (tmp_path / "words.txt").write_text("a\nb\n")
    words = tf.lookup.TextFileInitializer(
        str(tmp_path / "words.txt"),
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
    )
    table = tf.lookup.StaticHashTable(words, -1)
    weight = tf.Variable(2.0)

    def answer(text: Any) -> Any:
        tf.debugging.assert_greater(tf.strings.length(text), 0)
        total = tf.constant(0, tf.int64)
        for number in tf.data.Dataset.range(3).shuffle(3):
            total += number
        return weight * tf.cast(table.lookup(text) + total, tf.float32)

    model = saved(tmp_path, answer, table=table, weight=weight)
    loaded = load_model(model)
    assert float(loaded.answer(tf.constant("b"))) == 8.0


def test_a_layer_of_keras_that_runs_code_is_refused(tmp_path: Path) -> None:
    import keras

    layers = [keras.Input((1,)), keras.layers.Lambda(lambda x: x * 2)]
    (tmp_path / "Format-Serving").mkdir()
    keras.Sequential(layers).save(tmp_path / "Format-Serving" / "m.keras")
    model = Model(str(tmp_path))
    with pytest.raises(PipelineError, match="runs code that it holds"):
        load_model(model)
    assert load_model(model, trusted=True).count_params() == 0


@pytest.mark.parametrize("content", [b"", b"\xff\xff no protobuf"])
def test_a_graph_that_is_no_graph_is_the_users_error(tmp_path: Path, content: bytes) -> None:
    graph = tmp_path / "transform_fn"
    graph.mkdir()
    if content:
        (graph / "saved_model.pb").write_bytes(content)
    with pytest.raises(PipelineError, match="cannot be read"):
        load_transform_graph(TransformGraph(str(tmp_path)))
