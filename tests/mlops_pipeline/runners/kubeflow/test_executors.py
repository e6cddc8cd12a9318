"""A pipeline as Kubeflow gets it, and the steps that its containers do."""

from __future__ import annotations

from typing import Any

from kubeflow_pipelines import (
    executor_of,
    pods_of,
    spec_of,
    tasks_of,
)

from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.runners.kubeflow import KubeflowOptions
from mlops_pipeline.runners.kubeflow.spec import pipeline_spec
from mlops_pipeline.runners.kubeflow.ui_cards import local_path


def test_retries_resources_limits_and_secrets_are_passed_on(squares: PipelineIR) -> None:
    spec, platform = spec_of(squares, secrets={"TOKEN": ("vault", "token")})
    retry = tasks_of(spec, "comp-loop-numbers")["square"]["retryPolicy"]
    assert (retry["maxRetryCount"], retry["backoffDuration"]) == (2, "3s")
    label = executor_of(spec, "push")
    asked = spec["deploymentSpec"]["executors"][label]["container"]["resources"]
    assert asked == {
        **dict.fromkeys(("resourceCpuLimit", "resourceCpuRequest"), "2"),
        **dict.fromkeys(("cpuLimit", "cpuRequest"), 2.0),
        **dict.fromkeys(("resourceMemoryLimit", "resourceMemoryRequest"), str(2**30)),
        **dict.fromkeys(("memoryLimit", "memoryRequest"), 1.073741824),
    }
    pod = pods_of(platform)[label]
    assert pod["secretAsEnv"] == [
        {"secretName": "vault", "keyToEnv": [{"secretKey": "token", "envVar": "TOKEN"}]}
    ]
    assert int(pod["activeDeadlineSeconds"]) > 30


"""For tests that start a process for every node: not in the light suite, which is to be quick."""


def test_nodes_that_ask_for_the_same_share_a_container(project: Any) -> None:
    project.write(
        "pipeline.py",
        """
        from mlops_pipeline import Resources, component, pipeline

        @component
        def One(number: int) -> int:
            return number

        @pipeline
        def many() -> None:
            for number in range(20):
                One.options(id=f"one_{number}")(number=number)
            One.options(id="big", resources=Resources(cpu=2))(number=1)
            One.options(id="gpu", resources=Resources(accelerator="gpu.com/x"))(number=1)
        """,
    )
    spec = pipeline_spec(project.compile(), KubeflowOptions(image="img:1"))[0]
    tasks = tasks_of(spec, "comp-nodes")
    assert len({tasks[f"one-{n}"]["componentRef"]["name"] for n in range(20)}) == 1
    assert len({each["componentRef"]["name"] for each in tasks.values()}) == 3
    given = tasks["one-7"]["inputs"]["parameters"]
    assert given["mlops--node"] == {"runtimeValue": {"constant": "one_7"}}
    # Kubeflow fills this in where it is all of an input, and nowhere else.
    assert given["mlops--run"] == {"runtimeValue": {"constant": "{{$.pipeline_job_uuid}}"}}
    containers = [each["container"] for each in spec["deploymentSpec"]["executors"].values()]
    assert not any("pipeline_job" in text for each in containers for text in each["args"])
    accelerator = [c["resources"]["accelerator"] for c in containers if "accelerator" in str(c)]
    assert accelerator == [
        {"type": "gpu.com/x", "count": "1", "resourceType": "gpu.com/x", "resourceCount": "1"}
    ]


def test_outputs_are_looked_for_where_the_launcher_looks() -> None:
    assert str(local_path("gs://b/v2/x")) == "/gcs/b/v2/x"
    assert str(local_path("minio://b/x")) == "/minio/b/x"
    assert str(local_path("s3://b/x")) == "/s3/b/x"
    assert str(local_path("oci://b/x")) == "/oci/b/x"
    assert str(local_path("/tmp/x")) == "/tmp/x"
