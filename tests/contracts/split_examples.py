"""What the tests of mlops_components/inputs share."""

from typing import Any

from tfrecord_file import records_of

from mlops_components import (
    HashSplit,
    OutputConfig,
    SplitConfig,
)
from mlops_components.records import message_types
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.testing import run_component


def run(component: Any, **parameters: Any) -> Examples:
    found = run_component(component, **parameters).outputs["examples"]
    assert isinstance(found, Examples)
    return found


def records(examples: Examples, split: str) -> list[bytes]:
    (file,) = examples.split(split).iterdir()
    assert file.name == "data_tfrecord-00000-of-00001.gz"
    return records_of(file.read_bytes())


def ids(examples: Examples, split: str, message: str = "Example") -> list[int]:
    parse = message_types()[message].FromString
    found = []
    for record in records(examples, split):
        parsed = parse(record)
        features = parsed.features if message == "Example" else parsed.context
        found += list(features.feature["id"].int64_list.value)
    return found


def by_hash(feature: str = "") -> OutputConfig:
    return OutputConfig(SplitConfig([HashSplit("train", 2), HashSplit("eval", 1)], feature))


SEQUENCE = {"payload_format": "FORMAT_TF_SEQUENCE_EXAMPLE"}
