"""Options of a cluster beside the pipeline: image, store, secrets, pod settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_pipeline.errors import SettingsError, did_you_mean
from mlops_pipeline.ir import PipelineIR


class PodSettings:
    """Stands in for a task of the kfp SDK: functions of `kfp.kubernetes` write into it.

    They touch nothing but `platform_config`, so pipelines are compiled without the SDK, and
    users set pods up with the functions that they know.
    """

    def __init__(self) -> None:
        self.platform_config: dict[str, Any] = {}

    @property
    def kubernetes(self) -> dict[str, Any]:
        """A `KubernetesExecutorConfig`, as JSON."""
        found = self.platform_config.get("kubernetes", {})
        return dict(found)


Customize = Callable[[Any], Any]


@dataclass(frozen=True)
class KubeflowOptions:
    """Options for running a pipeline on Kubeflow.

    Args:
        image: container image with mlops-pipeline, the pipeline's modules and its files.
        store: URL of the metadata store, as the pods reach it; empty leaves it to the image.
        root: where artifacts are kept, as the pods reach it; empty leaves it to the image.
        base_dir: folder in the image that the pipeline's paths and modules start at.
        secrets: by name of a secret, the Kubernetes secret and the key in it that hold it; one
            that is not named here is key `<name>` of the secret `default_secret`.
        environment: further variables of the containers; nothing secret, anyone who sees the
            pipeline sees them.
        customize: by node id, or `*` for all: a function that is given a task, and calls
            functions of `kfp.kubernetes` on it, or sets `platform_config` itself.
    """

    image: str
    store: str = ""
    root: str = ""
    base_dir: str = "."
    secrets: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    default_secret: str = "mlops-pipeline"
    environment: Mapping[str, str] = field(default_factory=dict)
    customize: Mapping[str, Customize] = field(default_factory=dict)

    def check(self, ir: PipelineIR) -> None:
        """Refuse what does not fit the pipeline.

        Raises:
            SettingsError: the image is missing, a node is unknown, or a password is in a URL.
        """
        if not self.image:
            raise SettingsError("Kubeflow runs nodes in containers, and no image is named")
        known = ["*", *(node.id for node in ir.nodes)]
        for name in self.customize:
            if name not in known:
                raise SettingsError(
                    f"customize: pipeline {ir.name} has no node {name!r}",
                    hint=did_you_mean(name, known),
                )
        if re.match(r"[a-z0-9+]+://[^/@:]*:.*@", self.store):
            raise SettingsError(
                "the store URL holds a password, which everyone who sees the pipeline would see",
                hint="leave it out of --store and put MLOPS_STORE in a Kubernetes secret",
            )

    def pod(self, node_ids: Sequence[str]) -> dict[str, Any]:
        """Return the Kubernetes settings of the pod that runs these nodes."""
        settings = PodSettings()
        for name in ("*", *node_ids):
            if name in self.customize:
                self.customize[name](settings)
        return settings.kubernetes
