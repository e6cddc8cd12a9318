"""Versions of datasets, the models that were trained on them, and distances of distributions."""

from __future__ import annotations

import json

import pytest

from mlops_pipeline.cli import call


def test_the_group_lists_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["data", "--help"]) == 0
    shown = capsys.readouterr().out
    assert [word in shown for word in ("list", "diff", "models")] == [True] * 3
    assert json.dumps("DATASET@SPAN")[1:-1] in shown
