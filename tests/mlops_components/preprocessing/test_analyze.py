"""Transform: what was analyzed is not analyzed again; statistics before and after; mistakes."""

from pathlib import Path
from typing import Any

import pytest
from transformed_examples import span, transformed

from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.testing import artifact

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def spans() -> list[Examples]:
    return [span(number) for number in range(3)]


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
