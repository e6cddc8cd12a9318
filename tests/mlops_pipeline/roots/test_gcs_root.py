"""Artifact roots on Google Cloud Storage, over HTTP to an emulator."""

from __future__ import annotations

import importlib.util
import secrets
from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("root_contract")

from gcs_server import BUCKET, serving_gcs  # noqa: E402
from root_contract import RemoteContract  # noqa: E402

if any(importlib.util.find_spec(name) is None for name in ("gcsfs", "gcp_storage_emulator")):
    pytest.skip(
        "gs:// WAS NOT TESTED: gcsfs and gcp-storage-emulator are not installed here",
        allow_module_level=True,
    )

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def server() -> Iterator[None]:
    with serving_gcs() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


class TestGcsRoot(RemoteContract):
    @pytest.fixture
    def root(self, server: None) -> str:
        return f"gs://{BUCKET}/{secrets.token_hex(4)} team"
