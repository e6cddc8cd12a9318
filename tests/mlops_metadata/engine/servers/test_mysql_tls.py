"""Connections to a MariaDB that has a certificate, with and without somebody to trust."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mariadb_server import has_mariadb, mariadb_server

from mlops_metadata.by_mysql import open_mysql
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import Run

pytestmark = [pytest.mark.mlmd, pytest.mark.slow]  # a MariaDB is started


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with the certificates `server` and `other`, which the server's user can read."""
    openssl = shutil.which("openssl")
    assert openssl, "needs openssl to make a certificate"
    made = Path(tempfile.mkdtemp(prefix="mlops-tls-"))
    made.chmod(0o755)
    for name in ("server", "other"):
        key, cert = made / f"{name}.key", made / f"{name}.pem"
        subprocess.run(
            [
                *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-keyout", key, "-out", cert, "-subj", "/CN=localhost"),
                *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            ],
            check=True,
            capture_output=True,
        )
        key.chmod(0o644)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    if not has_mariadb():
        pytest.skip("NO MARIADB WAS RUN: there is no mariadbd (Debian: mariadb-server)")
    files = (f"--ssl-cert={folder / 'server.pem'}", f"--ssl-key={folder / 'server.key'}")
    with pytest.MonkeyPatch.context() as patch, mariadb_server(*files) as server:
        patch.setenv("MLOPS_METADATA_PASSWORD", server.password)
        yield server.url("mlmd")


def cipher(store: Any) -> str:
    """What the connection of a store is encrypted by; empty where it is not."""
    ((_, found),) = store.database.read(lambda session: session.rows("SHOW STATUS LIKE 'Ssl_c%r'"))
    return str(found)


def test_a_connection_is_encrypted_though_nobody_says_whom_to_trust(url: str) -> None:
    with closing(open_mysql(url)) as store:
        store.put_run(Run("r", "p"))
        assert cipher(store) != ""


def test_who_says_whom_to_trust_reaches_nobody_else(url: str, folder: Path) -> None:
    with closing(open_mysql(f"{url}?ca={folder / 'server.pem'}")) as store:
        assert cipher(store) != ""
    with pytest.raises(StoreError, match="certificate verify failed"):
        open_mysql(f"{url}?ca={folder / 'other.pem'}")


def test_a_server_that_cannot_encrypt_is_refused_where_a_certificate_is_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_mariadb():
        pytest.skip("NO MARIADB WAS RUN: there is no mariadbd (Debian: mariadb-server)")
    # From 11.4 on a server makes itself a certificate unless it is told not to.
    with mariadb_server("--skip-ssl") as server:
        monkeypatch.setenv("MLOPS_METADATA_PASSWORD", server.password)
        plain = server.url("plain")
        with closing(open_mysql(plain)) as store:
            assert cipher(store) == ""
        with pytest.raises(StoreError, match="SSL is required"):
            open_mysql(f"{plain}?ca={folder / 'server.pem'}")
