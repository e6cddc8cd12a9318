"""Read a compiled pipeline as the kfp SDK does. Started in an environment with the SDK.

Arguments: the package, and where mlops_pipeline is imported from. Writes JSON: the SDK's version,
the tasks it sees, and what functions of `kfp.kubernetes` write into our stand-in for a task.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import kfp
import yaml
from google.protobuf import json_format
from kfp import components, kubernetes
from kfp.pipeline_spec import pipeline_spec_pb2

sys.path.insert(0, sys.argv[2])
from mlops_pipeline.runners.kubeflow.options import PodSettings

text = Path(sys.argv[1]).read_text()
documents = list(yaml.safe_load_all(text))
spec = json_format.ParseDict(documents[0], pipeline_spec_pb2.PipelineSpec())
for platform in documents[1:]:
    json_format.ParseDict(platform, pipeline_spec_pb2.PlatformSpec())
loaded = components.load_component_from_text(text)
pod = PodSettings()
kubernetes.use_secret_as_env(pod, secret_name="vault", secret_key_to_env={"token": "TOKEN"})
kubernetes.mount_pvc(pod, pvc_name="data", mount_path="/data")
kubernetes.add_node_selector(pod, "pool", "gpu")
kubernetes.add_toleration(pod, key="gpu", operator="Exists", effect="NoSchedule")
json.dump(
    {
        "version": kfp.__version__,
        "name": loaded.name,
        "inputs": sorted(loaded.component_spec.inputs or {}),
        "tasks": sorted(spec.root.dag.tasks),
        "pod": sorted(pod.kubernetes),
    },
    sys.stdout,
)
