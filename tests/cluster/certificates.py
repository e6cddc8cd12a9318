"""Certificates of a cluster: its authority, its servers, the administrator and the node."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

DAYS = "30"
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Name(NamedTuple):
    """Whom a certificate is for: as Kubernetes reads it, and the addresses of a server."""

    subject: str
    addresses: str = ""


def openssl(folder: Path, *arguments: str) -> None:
    """Run openssl in the folder of the certificates."""
    command = ["openssl", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)


def make(folder: Path, node: str, address: str, service: str) -> None:
    """Make what the processes of one node and its users need to know each other by."""
    folder.mkdir()
    authority = ("-subj", "/CN=mlops-cluster", "-keyout", "ca.key", "-out", "ca.crt")
    openssl(folder, "req", "-x509", *CURVE, "-days", DAYS, *authority)
    addresses = f"DNS:localhost,DNS:{node},IP:127.0.0.1,IP:{address},IP:{service}"
    for name, whom in {
        "server": Name(f"/CN={node}", addresses),
        "admin": Name("/O=system:masters/CN=admin"),
        "node": Name(f"/O=system:nodes/CN=system:node:{node}"),
    }.items():
        sign(folder, name, whom)
    openssl(folder, "genrsa", "-out", "accounts.key", "2048")
    openssl(folder, "rsa", "-in", "accounts.key", "-pubout", "-out", "accounts.pub")


def sign(folder: Path, name: str, whom: Name) -> None:
    """Make a key and its certificate: of a server where it has addresses, else of a client."""
    usage = "serverAuth" if whom.addresses else "clientAuth"
    lines = [f"extendedKeyUsage={usage}"]
    lines += [f"subjectAltName={whom.addresses}"] if whom.addresses else []
    (folder / f"{name}.ext").write_text("\n".join(lines))
    asked = ("-subj", whom.subject, "-keyout", f"{name}.key", "-out", f"{name}.csr")
    openssl(folder, "req", *CURVE, *asked)
    by = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", f"{name}.ext")
    given = ("-in", f"{name}.csr", "-out", f"{name}.crt")
    openssl(folder, "x509", "-req", "-days", DAYS, *by, *given)
