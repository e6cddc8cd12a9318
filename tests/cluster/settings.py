"""Settings of the processes of a node, as the files that they read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

NODE = "node"
ADDRESS = "10.200.0.1"
"""The address of the node, for pods too: servers of the tests are reached at it."""

PODS, SERVICES, FIRST_SERVICE = "10.244.0.0/24", "10.96.0.0/16", "10.96.0.1"
API = "https://127.0.0.1:6443"
ETCD = "http://127.0.0.1:2379"
PEERS = "http://127.0.0.1:2380"
PAUSE = "localhost/mlops-pause:1"
PLUGINS = ("/usr/lib/cni", "/opt/cni/bin")
"""Folders that systems keep the plugins of CNI in."""

CONTAINERD = """
version = 2
root = "{state}/containerd"
state = "{state}/containerd.state"
[grpc]
  address = "{state}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "{state}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  # Without the capability to raise it, runc ends where it is asked to.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{state}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
"""


class Layout(NamedTuple):
    """Where a cluster keeps what it has: its folder, and its own part of the cgroups."""

    state: Path
    cgroup: str

    @property
    def socket(self) -> str:
        """The address of containerd."""
        return f"{self.state}/containerd.sock"

    @property
    def keys(self) -> Path:
        """The folder of the certificates."""
        return self.state / "keys"

    def users(self, name: str) -> Path:
        """The file by which a user of the cluster finds it."""
        return self.state / f"{name}.json"


def plugins() -> str:
    """The folder with the plugins of CNI; empty if there is none."""
    return next((each for each in PLUGINS if (Path(each) / "bridge").exists()), "")


def client(layout: Layout, name: str) -> dict[str, Any]:
    """Write down how a user reaches the API server."""
    keys = layout.keys
    user = {"client-certificate": f"{keys}/{name}.crt", "client-key": f"{keys}/{name}.key"}
    cluster = {"server": API, "certificate-authority": f"{keys}/ca.crt"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "mlops", "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": "mlops", "context": {"cluster": "mlops", "user": name}}],
        "current-context": "mlops",
    }


def network(layout: Layout) -> dict[str, Any]:
    """Pods on one bridge, whose other end is the node; nothing leads out."""
    addresses = {
        "type": "host-local",
        "dataDir": f"{layout.state}/addresses",
        "ranges": [[{"subnet": PODS}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": "pods", "isGateway": True, "ipam": addresses}
    return {"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge]}


def kubelet(layout: Layout) -> dict[str, Any]:
    """What the kubelet does on a machine with other work, old cgroups too."""
    keys = layout.keys
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": ADDRESS,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{keys}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{keys}/server.crt",
        "tlsPrivateKeyFile": f"{keys}/server.key",
        "containerRuntimeEndpoint": f"unix://{layout.socket}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{layout.cgroup}",
        "enforceNodeAllocatable": ["pods"],
        "failCgroupV1": False,
        "failSwapOn": False,
        # The disk of the machine is not the tests' to judge.
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "imagefs.available": "1%",
        },
        "imageGCHighThresholdPercent": 100,
        "podLogsDir": f"{layout.state}/logs.pods",
        "resolvConf": f"{layout.state}/resolv.conf",
        "volumePluginDir": f"{layout.state}/volumes",
    }


def write(layout: Layout) -> None:
    """Write all of them."""
    (layout.state / "cni").mkdir()
    (layout.state / "resolv.conf").touch()
    text = CONTAINERD.format(state=layout.state, pause=PAUSE, plugins=plugins())
    (layout.state / "containerd.toml").write_text(text)
    for file, told in {
        layout.state / "cni" / "pods.conflist": network(layout),
        layout.state / "kubelet.json": kubelet(layout),
        layout.users("admin"): client(layout, "admin"),
        layout.users("node"): client(layout, "node"),
    }.items():
        file.write_text(json.dumps(told, indent=2))


def commands(layout: Layout, kubernetes: Path) -> dict[str, list[str]]:
    """The command lines of the processes of a node, by their names, in the order of their start."""
    part, keys, admin = str(kubernetes), layout.keys, f"--kubeconfig={layout.users('admin')}"
    alone = (admin, "--leader-elect=false", "--bind-address=127.0.0.1")
    return {
        "containerd": ["containerd", f"--config={layout.state}/containerd.toml"],
        "etcd": [
            *(part, "etcd", "--name=one", f"--data-dir={layout.state}/etcd"),
            *(f"--listen-client-urls={ETCD}", f"--advertise-client-urls={ETCD}"),
            *(f"--listen-peer-urls={PEERS}", f"--initial-advertise-peer-urls={PEERS}"),
            # A cluster of an hour survives no crash of the machine.
            *(f"--initial-cluster=one={PEERS}", "--unsafe-no-fsync"),
        ],
        "apiserver": [
            *(part, "apiserver", f"--etcd-servers={ETCD}", f"--advertise-address={ADDRESS}"),
            *("--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction"),
            *(f"--service-cluster-ip-range={SERVICES}", f"--client-ca-file={keys}/ca.crt"),
            *(f"--tls-cert-file={keys}/server.crt", f"--tls-private-key-file={keys}/server.key"),
            *(f"--cert-dir={layout.state}", "--kubelet-preferred-address-types=InternalIP"),
            f"--kubelet-certificate-authority={keys}/ca.crt",
            f"--kubelet-client-certificate={keys}/admin.crt",
            f"--kubelet-client-key={keys}/admin.key",
            f"--service-account-key-file={keys}/accounts.pub",
            f"--service-account-signing-key-file={keys}/accounts.key",
            "--service-account-issuer=https://kubernetes.default.svc",
        ],
        "controller-manager": [
            *(part, "controller-manager", *alone, f"--root-ca-file={keys}/ca.crt"),
            f"--service-account-private-key-file={keys}/accounts.key",
        ],
        "scheduler": [part, "scheduler", *alone],
        "kubelet": [
            *(part, "kubelet", f"--config={layout.state}/kubelet.json"),
            *(f"--kubeconfig={layout.users('node')}", f"--root-dir={layout.state}/kubelet"),
            *(f"--hostname-override={NODE}", f"--node-ip={ADDRESS}"),
        ],
    }
