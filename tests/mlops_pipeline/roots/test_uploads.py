"""Artifact roots on S3, over HTTP: what every root does, and what happens when the server dies."""

from __future__ import annotations

import os
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("root_contract")

from root_contract import Site, decisions, states  # noqa: E402
from s3_server import BUCKET, S3Server, serving_s3, variables_set  # noqa: E402

from mlops_pipeline.roots import (  # noqa: E402  # noqa: E402
    StatCache,
    digest_path,
    digest_uri,
    list_objects,
)
from mlops_pipeline.roots.object_store import names_below, open_system  # noqa: E402
from mlops_pipeline.roots.uploads import upload  # noqa: E402
from mlops_pipeline.store import MemoryStore  # noqa: E402

pytestmark = pytest.mark.mlmd


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with serving_s3() as server, variables_set(server.environment):
        yield server


@pytest.fixture
def root(server: S3Server) -> str:
    return f"s3://{BUCKET}/{secrets.token_hex(4)} team"


def make_folder(folder: Path) -> Path:
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "small").write_text("small")
    # More than two parts of 16 MiB, and not a whole number of them.
    (folder / "large").write_bytes(os.urandom(1 << 20) * 35 + b"end")
    return folder


def test_large_files_go_up_in_parts_and_are_known_by_their_tags(root: str, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "folder")
    with StatCache(tmp_path / "digests.db") as cache:
        digest, tag = upload(folder, root, cache)
    assert digest == digest_path(folder)
    listing = list_objects(root)
    tags = {each.name: each.tags["ETag"] for each in listing.objects}
    assert tags["large"].endswith("-3")
    assert listing.tag == tag
    assert digest_uri(root) == digest
    # Neither the tag nor the cache that the upload filled needs anything to be read.
    assert digest_uri(root, None, (tag, "as it was")) == "as it was"
    assert digest_uri(root, StatCache(tmp_path / "digests.db")) == digest


def test_a_server_that_dies_during_the_upload_fails_the_node_and_a_retry_succeeds(
    tmp_path: Path,
) -> None:
    with serving_s3() as own, variables_set(own.environment):
        site = Site(f"s3://{BUCKET}/x", tmp_path, MemoryStore())

        def kill(event: str, args: tuple[object, ...]) -> None:
            # Half of the outputs of Make are there by then.
            if event == "mlops.step" and args == ("root.uploaded", "Make") and armed.is_set():
                armed.clear()
                own.kill()

        armed = threading.Event()
        armed.set()
        sys.addaudithook(kill)
        failed = site.run("r1")
        assert decisions(failed) == {"Make": "FAILED"}
        assert failed.failed[0].retryable
        assert "cannot be reached" in failed.failed[0].execution.error
        assert site.store.artifacts_by_type("Examples") == []
        # Moto forgets everything; what matters is that nothing of the first attempt is used.
        own.start()
        resumed = site.run("r1")
        assert states(resumed) == ["COMPLETE"] * 4
        assert all("/.staging/" not in name for name in site.names())


def test_objects_of_a_failed_upload_go_when_the_root_is_back(tmp_path: Path) -> None:
    with serving_s3() as own, variables_set(own.environment):
        site = Site(f"s3://{BUCKET}/x", tmp_path, MemoryStore())
        armed = threading.Event()
        armed.set()

        def hide(event: str, args: tuple[object, ...]) -> None:
            if event == "mlops.step" and args == ("root.uploaded", "Make") and armed.is_set():
                armed.clear()
                os.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
                from s3_server import forget_clients

                forget_clients()

        sys.addaudithook(hide)
        assert decisions(site.run("r1")) == {"Make": "FAILED"}
        with variables_set(own.environment):
            left = names_below(site.root)
            assert any("/Make/" in name for name in left)
            assert any("/.staging/" in name for name in left)
            # Another machine, which has nothing of the first on its disk.
            assert states(site.run("r1", machine="b")) == ["COMPLETE"] * 4
            kept = {r.uri for r in site.store.artifacts_by_type("Examples")}
            places = {f"{site.root}/{n.split('/deep/')[0]}" for n in site.names() if "/deep/" in n}
            assert places == kept
            assert all("/.staging/" not in name for name in site.names())


def test_half_an_upload_in_parts_is_dropped(root: str) -> None:
    from mlops_pipeline.roots.object_store import remove

    system, path = open_system(root)
    bucket, _, key = path.partition("/")
    started = time.monotonic()
    for name in ("mine/large", "other/large"):
        system.call_s3("create_multipart_upload", Bucket=bucket, Key=f"{key}/{name}")
    remove(f"{root}/mine")
    found = system.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=key)
    assert [each["Key"] for each in found["Uploads"]] == [f"{key}/other/large"]
    assert time.monotonic() - started < 30
