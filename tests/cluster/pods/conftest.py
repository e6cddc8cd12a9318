from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

# Runs are recorded by ML Metadata; the light environment has none, and deselects them.
if importlib.util.find_spec("ml_metadata") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    from airflow_pods import OnAirflow, on_airflow
    from kubeflow_pods import PodCluster
    from kubernetes_api import Kubernetes
    from postgres_server import find_binaries, postgres_server
    from suite import IMPORTS, ROOT

    from mlops_pipeline.authoring import load_pipeline
    from mlops_pipeline.runners.kubeflow import KubeflowOptions
    from mlops_pipeline.runners.kubeflow.spec import pipeline_spec
    from mlops_pipeline.store import MetadataStore, open_store

    CONFIG = os.environ.get("MLOPS_TEST_KUBERNETES_CONFIG", "")
    CODE = ROOT / "tests"
    TOKEN = "MLOPS_METADATA_TOKEN"

    @dataclass
    class Surroundings:
        """What the pods of all tests share, as the tests see it.

        Args:
            secret: holds the token of the metadata service.
            claims: volumes, which pods see under the same paths.
            folder: one of them, for what runs write.
            port: where the metadata service listens.
        """

        kubernetes: Kubernetes
        secret: str
        claims: dict[str, Path]
        image: str
        folder: Path
        port: int
        store: MetadataStore
        names: set[str] = field(default_factory=set)

        @property
        def pods_store(self) -> str:
            """The URL of the store, as pods reach it."""
            return f"grpc://{os.environ['MLOPS_TEST_KUBERNETES_ADDRESS']}:{self.port}"

        def writable(self, name: str) -> Path:
            """Make a folder on the volume that any user may write to: in pods, nobody is root."""
            made = self.folder / name
            made.mkdir()
            made.chmod(0o777)
            return made

        def kubeflow(self, pipeline: Path, name: str, lease: float = 60) -> PodCluster:
            """A run of a pipeline, in a file of its tests, that is compiled for Kubeflow."""
            run = f"{name}-{len(self.names)}"
            self.names.add(run)
            options = KubeflowOptions(
                image=self.image,
                store=self.pods_store,
                root=str(self.folder / "root"),
                base_dir=str(pipeline.parent),
                environment={"MLOPS_LEASE": f"{lease:g}"},
                customize={"*": self._settings},
            )
            compiled = load_pipeline(f"{pipeline}:{name}", project=pipeline.parent).compile()
            documents: Any = pipeline_spec(compiled, options)
            return PodCluster(self.kubernetes, documents, self.writable(run))

        def pod_settings(self) -> dict[str, Any]:
            """What a DAG file needs to know for pods."""
            return {
                "image": self.image,
                "store": self.pods_store,
                "root": str(self.folder / "root"),
                "config": str(self.kubernetes.config),
                "volumes": {name: str(path) for name, path in self.claims.items()},
                "secret": self.secret,
            }

        def _settings(self, task: Any) -> None:
            """Set pods up as the functions of `kfp.kubernetes` do."""
            kept = {"secretKey": TOKEN, "envVar": TOKEN}
            task.platform_config["kubernetes"] = {
                "secretAsEnv": [{"secretName": self.secret, "keyToEnv": [kept]}],
                "pvcMount": [
                    {"constant": name, "mountPath": str(path)} for name, path in self.claims.items()
                ],
            }

    @contextlib.contextmanager
    def served(folder: Path, token: str) -> Iterator[int]:
        """Serve a store to pods; the port."""
        address = os.environ["MLOPS_TEST_KUBERNETES_ADDRESS"]
        url = f"sqlite:///{folder / 'metadata.db'}"
        command = [sys.executable, "-m", "mlops_pipeline.cli", "metadata", "serve"]
        process = subprocess.Popen(
            [*command, "--store", url, "--host", address, "--port", "0"],
            env={**os.environ, "PYTHONPATH": IMPORTS, TOKEN: token},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout
            told = process.stdout.readline()
            found = re.search(r"grpc://[\d.]+:(\d+)", told)
            assert found, told
            yield int(found[1])
        finally:
            process.terminate()
            process.communicate()

    @pytest.fixture(scope="session")
    def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surroundings]:
        """A cluster with a volume, our code, and a metadata service that asks for a token."""
        if not CONFIG:
            pytest.skip("NO POD WAS RUN: there is no cluster here; python3 tests/cluster/run.py")
        kubernetes = Kubernetes(Path(CONFIG))
        token = secrets.token_hex(16)
        folder = tmp_path_factory.mktemp("shared")
        folder.chmod(0o777)
        # Processes that share the tests share no objects.
        own = os.environ.get("PYTEST_XDIST_WORKER", "all")
        claims = {f"runs-{own}": folder, f"code-{own}": CODE}
        for name, path in claims.items():
            kubernetes.share(name, path)
        secret = f"metadata-{own}"
        kubernetes.keep_secret(secret, **{TOKEN: token})
        with pytest.MonkeyPatch.context() as environment, served(folder, token) as port:
            environment.setenv(TOKEN, token)
            address = os.environ["MLOPS_TEST_KUBERNETES_ADDRESS"]
            store = open_store(f"grpc://{address}:{port}")
            image = os.environ["MLOPS_TEST_KUBERNETES_IMAGE"]
            around = Surroundings(kubernetes, secret, claims, image, folder, port, store)
            around.writable("root")
            try:
                yield around
            finally:
                store.close()

    @pytest.fixture(scope="session")
    def airflow(
        surroundings: Surroundings, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[OnAirflow]:
        """A real Airflow on PostgreSQL, whose tasks are pods of the cluster."""
        binaries = find_binaries()
        if binaries is None:
            pytest.skip("NO AIRFLOW WAS RUN on PostgreSQL, which is not installed here")
        with postgres_server(binaries, "sesame") as postgres:
            url = f"postgresql+psycopg2://owner:sesame@127.0.0.1:{postgres.port}/postgres"
            home = tmp_path_factory.mktemp("airflow")
            with on_airflow(home, url, surroundings.pod_settings()) as started:
                yield started
