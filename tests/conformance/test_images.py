"""The images of `docker/`, built here from packages alone, run compiled Kubeflow pipelines.

The light image is built by these tests; the one with TensorFlow takes minutes, and is tested where
`python3 docker/build.py ml --from-packages` has built it before.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from containers import Engine
from snapshot import snapshot
from suite import BY_NAME, FEW, HERE, ROOT, Snapshots, compile_case, open_sqlite

from mlops_pipeline.authoring import load_pipeline
from mlops_pipeline.runners.kubeflow import KubeflowOptions, to_yaml

KFP = os.environ.get("MLOPS_TEST_KFP", "")
LIGHT, ML = "localhost/mlops-light:1", "localhost/mlops-ml:1"
PENGUIN = ROOT / "pipelines" / "penguin"

pytestmark = [
    pytest.mark.kubeflow,
    pytest.mark.slow,  # an image is built, and every node is a container
    pytest.mark.skipif(not KFP, reason="MLOPS_TEST_KFP names no interpreter with kfp"),
]


@pytest.fixture(scope="module")
def light(engine: Engine) -> str:
    command = [sys.executable, str(ROOT / "docker" / "build.py"), "light", "--from-packages"]
    done = subprocess.run(command, env=engine.environment, capture_output=True, text=True)
    if "there is no mmdebstrap" in done.stderr:
        pytest.skip(f"NO IMAGE WAS BUILT: {done.stderr}")
    assert done.returncode == 0, done.stderr[-3000:]
    sys.stdout.write(done.stdout)
    return LIGHT


@pytest.fixture(scope="module")
def ml(engine: Engine) -> str:
    command = ["podman", "image", "exists", ML]
    if subprocess.run(command, env=engine.environment).returncode:
        pytest.skip(f"{ML} HAS NOT BEEN BUILT: python3 docker/build.py ml --from-packages")
    return ML


def run_with_kfp(engine: Engine, package: str, folder: Path, given: dict[str, Any]) -> int:
    """Run a package with the SDK's local runner; whether it ended well for Kubeflow."""
    file = folder / "package.yaml"
    file.write_text(package)
    # In the images nobody is root.
    folder.chmod(0o777)
    (folder / "root").mkdir(exist_ok=True, mode=0o777)
    (folder / "root").chmod(0o777)
    given = {"package": str(file), "root": str(folder), "environment": {}, **given}
    done = subprocess.run(
        [KFP, str(HERE / "kubeflow_local.py"), json.dumps(given)],
        env=engine.environment,
        capture_output=True,
        text=True,
    )
    sys.stdout.write(done.stdout + done.stderr)
    return done.returncode


def options(image: str, folder: Path, base_dir: Path) -> KubeflowOptions:
    return KubeflowOptions(
        image=image,
        store=f"sqlite:///{folder / 'metadata.db'}",
        root=str(folder / "root"),
        base_dir=str(base_dir),
    )


def inside(engine: Engine, image: str, script: str) -> str:
    """What a shell in a container of an image says."""
    command = ["podman", "run", "--rm", "--network=none", image, "sh", "-c", script]
    return subprocess.run(
        command, env=engine.environment, capture_output=True, text=True, check=True
    ).stdout


def check_contents(engine: Engine, image: str) -> None:
    told = inside(
        engine,
        image,
        "id -u; touch /opt/venv/x 2>&1; for tool in cc g++ pip; do command -v $tool; done;"
        "ls /opt /etc/pip.conf 2>/dev/null; find /opt/venv -name tests | head -3;"
        "find /opt/venv -name __pycache__ | wc -l",
    ).splitlines()
    user, denied, *rest, compiled = told
    assert user == "1000"
    assert "Permission denied" in denied
    assert rest == ["/opt:", "venv"], "no compiler, no pip, nothing of the machine that built it"
    assert int(compiled) > 20


def test_the_light_image_holds_what_runs_and_nothing_else(engine: Engine, light: str) -> None:
    check_contents(engine, light)
    assert "all that a run needs is there" in inside(engine, light, "mlops doctor")
    done = subprocess.run(
        ["podman", "image", "inspect", light],
        env=engine.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    config = json.loads(done.stdout)[0]["Config"]
    assert config["User"] == "1000:1000"
    assert "ExposedPorts" not in config


@pytest.mark.parametrize("name", FEW)
def test_the_light_image_leaves_the_records_of_the_local_runner(
    engine: Engine, light: str, by_workers: Snapshots, name: str, tmp_path: Path
) -> None:
    case = BY_NAME[name]
    package = to_yaml(compile_case(case.pipeline), options(light, tmp_path, HERE))
    found = []
    for parameters in case.runs:
        given = {"parameters": parameters, "mounts": [str(HERE)]}
        run_with_kfp(engine, package, tmp_path, given)
        store = open_sqlite(tmp_path)
        try:
            found.append(snapshot(store, store.list_runs(limit=1)[0].id))
        finally:
            store.close()
    assert found == by_workers(name)


def test_penguins_are_told_apart_in_the_image_with_tensorflow(
    engine: Engine, ml: str, tmp_path: Path
) -> None:
    check_contents(engine, ml)
    compiled = load_pipeline(str(PENGUIN), project=PENGUIN).compile()
    package = to_yaml(compiled, options(ml, tmp_path, PENGUIN))
    pushed = tmp_path / "serving"
    pushed.mkdir()
    pushed.chmod(0o777)
    parameters = {"serving_dir": str(pushed)}
    given = {"parameters": parameters, "mounts": [str(PENGUIN)]}
    assert run_with_kfp(engine, package, tmp_path, given) == 0
    assert run_with_kfp(engine, package, tmp_path, given) == 0
    store = open_sqlite(tmp_path)
    try:
        again, first = store.list_runs(limit=2)
        assert re.fullmatch(r"kfp-\d+", first.id)
        states = {e.node_id: str(e.state) for e in store.executions_of_run(first.id)}
        assert set(states.values()) == {"COMPLETE"}
        assert len(states) == len(compiled.nodes)
        # The Evaluator looks for the latest blessed model, and finds one now.
        cached = [e.node_id for e in store.executions_of_run(again.id) if str(e.state) == "CACHED"]
        assert {"CsvExampleGen", "Transform", "Trainer"} <= set(cached)
        blessed = [
            artifact.properties.get("blessed")
            for artifact in store.artifacts_by_type("ModelBlessing")
        ]
        assert 1 in blessed
    finally:
        store.close()
    assert list(pushed.iterdir()), "the model was pushed"
