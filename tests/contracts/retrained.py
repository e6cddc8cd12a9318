"""A project whose model is pushed and registered, and a policy for it, in tests of retraining."""

from __future__ import annotations

from pathlib import Path

PIPELINE = """
from pathlib import Path
from mlops_components import Pusher
from mlops_pipeline import Input, Output, When, component, pipeline
from mlops_pipeline.artifacts import Model

@component
def Train(data: Path, model: Output[Model]) -> bool:
    text = data.read_text()
    if text == "broken":
        raise ValueError("no data")
    folder = model.path / "Format-Serving"
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_text(text)
    return "good" in text

@pipeline
def shop(data: Path = Path("data.txt"), folder: str = "pushed") -> None:
    train = Train(data=data)
    with When(train.outputs["output"].value == True):
        Pusher(model=train.outputs["model"], push_destination=folder, model_name="shop")
"""

POLICIES = """
[policy.daily]
pipeline = "pipeline.py"
model = "shop"
"""


def make_project(folder: Path, data: str = "good 1", more: str = "") -> Path:
    """Write the pipeline, its data and a policy; returns the file of the policy."""
    (folder / "pipeline.py").write_text(PIPELINE)
    (folder / "data.txt").write_text(data)
    (folder / "policies.toml").write_text(POLICIES + more)
    return folder / "policies.toml"
