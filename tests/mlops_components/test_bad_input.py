"""Wrong data and wrong user modules: each mistake has its name and its place."""

from pathlib import Path
from typing import Any

import pytest
from bad_inputs import Load

from mlops_components import (
    CsvExampleGen,
    HashSplit,
    InputConfig,
    InputSplit,
    OutputConfig,
    SplitConfig,
    StatisticsGen,
    Transform,
)
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError, PipelineError
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.testing import artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


ROWS = "a,b\n" + "".join(f"{i},x{i}\n" for i in range(40))


def examples_of(folder: Path, files: dict[str, bytes | str], **parameters: Any) -> Examples:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    outputs = run_component(CsvExampleGen, input_base=folder, **parameters).outputs
    found = outputs["examples"]
    assert isinstance(found, Examples)
    return found


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no file in .* matches"),
        ({"a.csv": ""}, "a.csv is empty"),
        ({"a.csv": "a,b\n"}, "split 'train' got no rows"),
        ({"a.csv": "a,b\n1,2\n3\n"}, r"a.csv:3: 1 values where the header names 2"),
        ({"a.csv": b"a,b\n1,\xff\n"}, "a.csv is not UTF-8"),
        ({"a.csv": "a,a\n1,2\n"}, r"a.csv:1: column name 'a'"),
        ({"a.csv": ROWS, "b.csv": "a,c\n1,2\n"}, "b.csv has other columns than a.csv: b, c"),
    ],
    ids=["none", "empty", "no rows", "ragged", "encoding", "same name", "other columns"],
)
def test_bad_csv_is_named(tmp_path: Path, files: dict[str, bytes | str], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        examples_of(tmp_path, files)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nowhere does not exist"):
        run_component(CsvExampleGen, input_base=tmp_path / "nowhere")


def test_given_splits_are_kept(tmp_path: Path, load: Load) -> None:
    config = InputConfig([InputSplit("train", "old/*"), InputSplit("test", "new/*")])
    files: dict[str, bytes | str] = {"old/a.csv": ROWS, "new/a.csv": "a,b\n1.5,y\n"}
    examples = examples_of(tmp_path, files, input_config=config)
    frame = load(examples)
    assert examples.splits == ["train", "test"]
    assert len(frame.loc["train"]) == 40
    assert frame.loc["test"]["a"].tolist() == [1.5]


def test_rows_with_one_value_stay_in_one_split(tmp_path: Path, load: Load) -> None:
    rows = "".join(f"{i % 7},{i}\n" for i in range(200))
    split = SplitConfig([HashSplit("a", 1), HashSplit("b", 1)], partition_feature_name="k")
    config = OutputConfig(split)
    frame = load(examples_of(tmp_path, {"a.csv": "k,v\n" + rows}, output_config=config))
    assert not set(frame.loc["a"]["k"]) & set(frame.loc["b"]["k"])


def test_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    first = examples_of(tmp_path / "1", {"a.csv": ROWS})
    second = examples_of(tmp_path / "2", {"a.csv": ROWS})
    file = "Split-train/data_tfrecord-00000-of-00001.gz"
    assert (first.path / file).read_bytes() == (second.path / file).read_bytes()


def test_unknown_partition_column_is_named(tmp_path: Path) -> None:
    split = SplitConfig([HashSplit("a", 1)], partition_feature_name="aa")
    with pytest.raises(ParameterError, match="no column 'aa'"):
        examples_of(tmp_path, {"a.csv": ROWS}, output_config=OutputConfig(split))


def test_unknown_statistics_option_is_named(penguin: PipelineRun) -> None:
    with pytest.raises(ParameterError) as caught:
        run_component(
            StatisticsGen,
            examples=penguin["CsvExampleGen"].artifact(),
            stats_options={"num_top_value": 3},
        )
    assert caught.value.hint == "did you mean 'num_top_values'?"


def test_missing_column_is_named(penguin: PipelineRun, tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text("def preprocessing_fn(inputs): return inputs['specis']")
    with pytest.raises(ExecutorError, match="the feature 'specis'") as caught:
        run_component(
            Transform,
            examples=penguin["CsvExampleGen"].artifact(),
            schema=penguin["SchemaGen"].artifact(),
            module_file=tmp_path / "user.py",
        )
    assert caught.value.hint == "did you mean 'species'?"


def test_records_of_another_kind_are_named(tmp_path: Path) -> None:
    import tensorflow as tf

    examples = artifact(Examples, {"Split-train/.keep": ""}, split_names='["train"]')
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(examples.split("train") / "data.gz"), options) as file:
        file.write(b"not an example")
    with pytest.raises(ExecutorError, match="Split-train holds records that are not"):
        run_component(StatisticsGen, examples=examples)
