"""Runs and removals in processes of their own, beside a test."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import gc_steps

from mlops_pipeline.store import ArtifactRecord, ArtifactState, read_contents

PIPELINE = """
from mlops_pipeline import Input, Output, component, latest, pipeline, Resolver
from mlops_pipeline.artifacts import Examples, Model
from pathlib import Path

@component
def Make(examples: Output[Examples]) -> None:
    (examples.path / "text").write_text("a" * 1000)

@component
def Train(examples: Input[Examples], model: Output[Model]) -> None:
    (model.path / "text").write_text((examples.path / "text").read_text())

@component
def Check(model: Input[Model], closed: str = "{closed}") -> int:
    if Path(closed).exists():
        raise RuntimeError("closed")
    return len((model.path / "text").read_text())

@pipeline
def p() -> None:
    make = Make()
    train = Train(examples=make.outputs["examples"])
    Check(model=train.outputs["model"])
"""


class Side:
    """Processes beside the test, on one store and root."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder = folder
        self.url = url or f"sqlite:///{folder / 'metadata.db'}"
        self.root = str(folder / "root")
        (folder / "root").mkdir()
        text = PIPELINE.replace("{closed}", str(folder / "closed"))
        (folder / "pipeline.py").write_text(text)
        self.begun: list[subprocess.Popen[str]] = []

    def begin(self, what: str, how: str = "") -> subprocess.Popen[str]:
        command = [sys.executable, gc_steps.__file__, what, self.url, self.root, str(self.folder)]
        begun = subprocess.Popen([*command, how], stdout=subprocess.PIPE, text=True)
        self.begun.append(begun)
        return begun

    def whole(self, what: str, how: str = "") -> str:
        begun = self.begin(what, how)
        out, _ = begun.communicate(timeout=120)
        assert begun.returncode == (-9 if how.startswith("kill") else 0)
        return out

    def until(self, what: str, step: str) -> subprocess.Popen[str]:
        """Begin a process, and wait until it waits at a step."""
        begun = self.begin(what, f"wait:{step}")
        while not (self.folder / f"reached.{what.partition(':')[0]}").exists():
            assert begun.poll() is None
            time.sleep(0.01)
        return begun

    def go(self, begun: subprocess.Popen[str]) -> str:
        name = "gc" if "gc" in begun.args else "run"  # type: ignore[operator]
        (self.folder / f"go.{name}").touch()
        out, _ = begun.communicate(timeout=120)
        assert begun.returncode == 0
        return out

    def live(self) -> list[ArtifactRecord]:
        artifacts = read_contents(self.url).artifacts.values()
        return [each for each in artifacts if each.state is ArtifactState.LIVE]

    def check(self) -> None:
        """What is live has its files, and all files belong to what is live."""
        live = {Path(each.uri) for each in self.live() if each.uri}
        assert [str(place) for place in live if not place.exists()] == []
        places = Path(self.root).glob("[!.]*/[!.]*/[!.]*/*")
        wanted = {Path(*each.parts[: len(Path(self.root).parts) + 4]) for each in live}
        assert set(places) == wanted

    def close(self) -> None:
        """End all processes."""
        for each in self.begun:
            each.kill()
            each.wait()
            assert each.stdout is not None
            each.stdout.close()
