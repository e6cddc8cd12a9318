"""ExampleGen for every format: rows go where TFX 1.16 puts them, with the bytes of TFX for CSV.

The digests are of what TFX 1.16 wrote for the rows of `example_rows`, and for the penguins: its
executors ran once, on the same files, and each record was serialised in protobuf's deterministic
form. Where TFX drops zeros (Parquet, Avro), what is compared is which row is in which split.
"""

import hashlib
from pathlib import Path
from typing import Any

import example_rows
import pytest
from split_examples import SEQUENCE, by_hash, records, run

from mlops_components import (
    CsvExampleGen,
    ImportExampleGen,
    StatisticsGen,
)
from mlops_components.loaders import load_examples
from mlops_components.records import message_types
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


PENGUINS = Path(__file__).resolve().parents[3] / "pipelines" / "penguin" / "data"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    types = message_types()
    example_rows.write_csv(folder / "csv" / "a.csv")
    example_rows.write_parquet(folder / "parquet" / "a.parquet")
    example_rows.write_avro(folder / "avro" / "a.avro")
    example_rows.write_records(folder / "example" / "a.gz", types["Example"])
    example_rows.write_records(folder / "plain" / "a.tfrecord", types["Example"])
    example_rows.write_records(folder / "sequence" / "a", types["SequenceExample"], sequence=True)
    return folder


def content(examples: Examples, split: str, empty: dict[str, str]) -> tuple[int, str]:
    """How many records a split has, and a digest of them, with TFX's empty lists where it has any.

    Args:
        empty: the kind of list that TFX writes for a missing value, by feature.
    """
    found = sorted(_with_empty(record, empty) for record in records(examples, split))
    return len(found), hashlib.sha256(b"".join(found)).hexdigest()[:16]


def _with_empty(record: bytes, empty: dict[str, str]) -> bytes:
    if not empty:
        return record
    example = message_types()["Example"].FromString(record)
    for name, feature in example.features.feature.items():
        if not feature.WhichOneof("kind") and name in empty:
            getattr(feature, empty[name]).SetInParent()
    return bytes(example.SerializeToString(deterministic=True))


TFX_EMPTY = {"count": "int64_list", "share": "float_list", "name": "bytes_list"}


@pytest.mark.parametrize(
    ("component", "folder", "more", "train", "rest"),
    [
        (CsvExampleGen, "", {}, (223, "baa0a83c617b8155"), (121, "7efe670275edb47b")),
        (CsvExampleGen, "csv", {}, (202, "3eb49c8db622e5e1"), (98, "4232333dc341339a")),
        (
            CsvExampleGen,
            "csv",
            {"output_config": by_hash("id")},
            (201, "26069eb7eef9c8bd"),
            (99, "5c3ffa995c9929bb"),
        ),
        (ImportExampleGen, "example", {}, (206, "4bd48d23a9fe2f6f"), (94, "f27648f4fe5dc3ca")),
        (ImportExampleGen, "plain", {}, (206, "4bd48d23a9fe2f6f"), (94, "f27648f4fe5dc3ca")),
        (
            ImportExampleGen,
            "sequence",
            SEQUENCE,
            (206, "2fca109fcb9dbe30"),
            (94, "1b92b32d2d9a6202"),
        ),
        (
            ImportExampleGen,
            "sequence",
            {"payload_format": 7, "output_config": by_hash("name")},
            (161, "cdeaa49a9d061b66"),
            (139, "3644bd1bd9193783"),
        ),
    ],
    ids=["penguins", "csv", "csv by id", "example", "plain", "sequence", "sequence by name"],
)
def test_splits_have_the_records_that_tfx_puts_there(
    data: Path, component: Any, folder: str, more: dict[str, Any], train: Any, rest: Any
) -> None:
    examples = run(component, input_base=data / folder if folder else PENGUINS, **more)
    empty = TFX_EMPTY if component is CsvExampleGen else {}
    assert content(examples, "train", empty) == train
    assert content(examples, "eval", empty) == rest


def test_other_records_are_kept_as_they_are_and_not_read_as_examples(data: Path) -> None:
    examples = run(ImportExampleGen, input_base=data / "plain", payload_format="FORMAT_PROTO")
    assert len(records(examples, "train")) + len(records(examples, "eval")) == example_rows.COUNT
    with pytest.raises(ExecutorError, match=r"are FORMAT_PROTO; what is read here is FORMAT_TF_EX"):
        load_examples(examples)
    with pytest.raises(ExecutorError, match=r"are FORMAT_PROTO; what is read here is FORMAT_TF_EX"):
        run_component(StatisticsGen, examples=examples)
