"""What is compiled for Kubeflow is what the kfp SDK takes, the oldest and the newest."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from suite import HERE, ROOT, compile_case

from mlops_pipeline.authoring import load_pipeline
from mlops_pipeline.run_state import RESERVED
from mlops_pipeline.runners.kubeflow import KubeflowOptions, to_yaml

EVERYTHING = ROOT / "tests" / "golden" / "everything.py"

pytestmark = pytest.mark.kubeflow


@pytest.fixture(params=["2.13", "newest"])
def sdk(request: pytest.FixtureRequest) -> str:
    variable = {"2.13": "MLOPS_TEST_KFP_213", "newest": "MLOPS_TEST_KFP"}[request.param]
    if not os.environ.get(variable):
        pytest.skip(f"{variable} names no interpreter with kfp")
    return os.environ[variable]


def read(sdk: str, package: Path) -> Any:
    done = subprocess.run(
        [sdk, str(HERE / "kfp_check.py"), str(package), str(ROOT)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_feature_is_read_by_the_sdk(sdk: str, tmp_path: Path) -> None:
    everything = load_pipeline(f"{EVERYTHING}:everything", project=EVERYTHING.parent).compile()
    package = tmp_path / "everything.yaml"
    package.write_text(to_yaml(everything, KubeflowOptions(image="img:1")))
    found = read(sdk, package)
    assert found["name"] == "everything"
    own = [p.name for p in everything.parameters]
    assert found["inputs"] == sorted([*own, *RESERVED])
    assert found["tasks"] == ["begin", "end", "nodes"]


def test_functions_of_the_sdk_set_up_our_pods(sdk: str, tmp_path: Path) -> None:
    package = tmp_path / "success.yaml"
    package.write_text(to_yaml(compile_case("success"), KubeflowOptions(image="img:1")))
    assert read(sdk, package)["pod"] == ["nodeSelector", "pvcMount", "secretAsEnv", "tolerations"]
