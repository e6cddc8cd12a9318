import json
from pathlib import Path

import pytest

from mlops_pipeline.artifacts import Artifact, Boolean, Examples, Float, Integer, JsonValue, String
from mlops_pipeline.errors import PipelineError


@pytest.mark.parametrize(
    ("kind", "value"),
    [(Integer, 3), (Float, 0.5), (Boolean, False), (String, "ä"), (JsonValue, {"a": [1, None]})],
)
def test_a_value_comes_back_as_it_was_written(
    kind: type[Integer | Float | Boolean | String | JsonValue], value: object, tmp_path: Path
) -> None:
    artifact = kind(str(tmp_path / "value"))
    artifact.write(value)
    assert artifact.read() == value
    assert artifact.load() == value


def test_none_of_tfx_is_none(tmp_path: Path) -> None:
    (tmp_path / "value").write_text("")
    assert String(str(tmp_path / "value"), properties={"__is_null__": 1}).read() is None


def test_splits_have_folders_of_their_own(tmp_path: Path) -> None:
    examples = Examples(str(tmp_path))
    examples.set_splits(["train", "eval"])
    assert examples.splits == ["train", "eval"]
    assert examples.split("eval") == tmp_path / "Split-eval"


def test_an_artifact_without_a_loader_says_how_to_register_one(tmp_path: Path) -> None:
    class Unheard(Artifact):
        """A type that no loader knows."""

    with pytest.raises(PipelineError) as caught:
        Unheard(str(tmp_path)).load()
    assert "mlops_pipeline.loaders" in caught.value.hint


@pytest.mark.parametrize("name", ["../../etc", "a/b", "/etc", "", ".", "..", "a\0b"])
def test_a_split_does_not_lead_out_of_its_artifact(name: str) -> None:
    examples = Examples("/data", properties={"split_names": json.dumps(["train", name])})
    with pytest.raises(PipelineError, match="no name of a split"):
        examples.split(name)
    with pytest.raises(PipelineError, match="no name of a split"):
        examples.set_splits(["train", name])


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"a": 1}', "7", '"train"'])
def test_split_names_that_are_no_list_are_the_users_error(text: str) -> None:
    with pytest.raises(PipelineError, match="no JSON list"):
        _ = Examples("/data", properties={"split_names": text}).splits
