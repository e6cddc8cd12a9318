"""What the pods of a run share, checked before it is started."""

from __future__ import annotations

from typing import Any

import pytest

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.runners.kubeflow import (
    KubeflowOptions,
    Package,
    check_locations,
    make_package,
    store_of,
)

STORE, ROOT = "mysql://mlmd@db/mlmd", "s3://bucket/a"

PUSHING = """
    from mlops_pipeline import component, pipeline

    @component
    def Pusher(push_destination: str) -> None:
        pass

    @pipeline
    def pushing(serving_dir: str = "serving/penguin") -> None:
        Pusher(push_destination=serving_dir)
        Pusher.options(id="written")(push_destination="/mnt/models/written")
"""


def volume(task: Any) -> None:
    task.platform_config["kubernetes"] = {
        "pvcMount": [{"pvcName": "models", "mountPath": "/mnt/models"}],
        "emptyDirMounts": [{"volumeName": "scratch", "mountPath": "/scratch"}],
    }


def store_by_secret(task: Any) -> None:
    keys = [{"secretKey": "url", "envVar": "MLOPS_STORE"}]
    task.platform_config["kubernetes"] = {"secretAsEnv": [{"secretName": "s", "keyToEnv": keys}]}


@pytest.fixture
def ir(project: Any) -> Any:
    project.write("pipeline.py", PUSHING)
    return project.compile()


def package(ir: Any, **options: Any) -> Package:
    return make_package(ir, KubeflowOptions(image="img:1", **options))


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({}, "--store and --root"),
        ({"root": ROOT}, "--store"),
        ({"environment": {"MLOPS_STORE": STORE}}, "--root"),
    ],
)
def test_store_and_root_have_to_be_named(ir: Any, options: Any, missing: str) -> None:
    with pytest.raises(SettingsError, match=f"^{missing} of the pods"):
        check_locations(package(ir, **options), nodes=[])
    check_locations(package(ir, **options), nodes=[], in_image=True)


def test_a_secret_may_name_the_store(ir: Any) -> None:
    made = package(ir, root=ROOT, customize={"*": store_by_secret})
    check_locations(made, nodes=[])
    assert store_of(made) == ""
    assert store_of(package(ir, store=STORE)) == STORE


@pytest.mark.parametrize("folder", ["serving/penguin", "/srv/models", "/scratch/m", "/mnt/model"])
def test_a_model_is_not_pushed_into_a_pod(ir: Any, folder: str) -> None:
    made = package(ir, store=STORE, root=ROOT, customize={"*": volume})
    with pytest.raises(SettingsError, match=f"Pusher would push to {folder}"):
        check_locations(made, {"serving_dir": folder})
    check_locations(made, {"serving_dir": folder}, nodes=["written"])


def test_a_volume_or_the_root_takes_a_model(ir: Any) -> None:
    mounted = package(ir, store=STORE, root=ROOT, customize={"*": volume})
    check_locations(mounted, {"serving_dir": "/mnt/models/penguin"})
    check_locations(package(ir, store=STORE, root="/mnt"), {"serving_dir": "/mnt/penguin"})


def test_the_default_of_a_run_parameter_counts(ir: Any) -> None:
    with pytest.raises(SettingsError, match="serving/penguin"):
        check_locations(package(ir, store=STORE, root=ROOT))
