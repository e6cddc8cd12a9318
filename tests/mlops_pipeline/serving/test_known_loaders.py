"""Loaders are found by the files of a version."""

from pathlib import Path

import pytest

from mlops_pipeline.serving.known_loaders import find_loader


@pytest.mark.parametrize("name", ["saved_model.pb", "model.pkl", "model.skops"])
def test_a_version_is_known_by_its_file(tmp_path: Path, name: str) -> None:
    assert find_loader(tmp_path) == ""
    (tmp_path / name).mkdir()
    assert find_loader(tmp_path) == ""
    (tmp_path / name).rmdir()
    (tmp_path / name).write_text("")
    assert find_loader(tmp_path).startswith("mlops_components.serving.loaders:load_")
