"""Artifact roots on S3, over HTTP: what every root does, and what happens when the server dies."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.register_assert_rewrite("root_contract")

from root_contract import PIPELINE, RemoteContract, Site, states  # noqa: E402
from s3_server import BUCKET, S3Server, serving_s3, variables_set  # noqa: E402

from mlops_pipeline.errors import NotFoundError, RootError  # noqa: E402
from mlops_pipeline.roots import (  # noqa: E402  # noqa: E402
    Copies,
    digest_path,
    list_objects,
)
from mlops_pipeline.roots.object_store import names_below, open_system, write_bytes  # noqa: E402
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


class TestS3Root(RemoteContract):
    @pytest.fixture
    def root(self, server: S3Server) -> str:
        return f"s3://{BUCKET}/{secrets.token_hex(4)} team"


def make_folder(folder: Path) -> Path:
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "small").write_text("small")
    # More than two parts of 16 MiB, and not a whole number of them.
    (folder / "large").write_bytes(os.urandom(1 << 20) * 35 + b"end")
    return folder


def test_what_did_not_arrive_whole_is_told(
    root: str, tmp_path: Path, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder(tmp_path / "folder")
    system, _ = open_system(root)
    put = system.put_file

    def cut(path: str, target: str, **options: Any) -> None:
        if target.endswith("small"):
            system.pipe_file(target, b"smell")
        else:
            put(path, target, **options)

    monkeypatch.setattr(system, "put_file", cut)
    with pytest.raises(RootError, match="does not hold what was sent: sub/small differs"):
        upload(folder, root)


def test_a_server_that_is_away_is_told_with_its_url(
    root: str, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with variables_set({**server.environment, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}):
        with pytest.raises(RootError, match="cannot be reached"):
            list_objects(root)
        with pytest.raises(RootError, match="cannot be reached"):
            write_bytes(f"{root}/x", b"")


def test_without_a_bucket_no_run_begins(server: S3Server, tmp_path: Path) -> None:
    site = Site("s3://nowhere/x", tmp_path, MemoryStore())
    with pytest.raises(RootError, match="bucket does not exist"):
        site.run("r1")
    assert site.store.list_runs() == []


def test_results_in_a_bucket_that_is_gone_are_made_again(
    root: str, server: S3Server, tmp_path: Path
) -> None:
    name = f"b{secrets.token_hex(4)}"
    server.make_bucket(name)
    site = Site(f"s3://{name}/x", tmp_path, MemoryStore())
    site.run("r1")
    system, _ = open_system(site.root)
    system.rm(name, recursive=True)
    moved = Site(root, tmp_path, site.store)
    assert states(moved.run("r2")) == ["COMPLETE"] * 4
    # They may come back with their bucket, as with a disk.
    assert {r.state.value for r in site.store.artifacts_by_type("Examples")} == {"LIVE"}


FILL = """
import json, sys
from pathlib import Path
from mlops_pipeline.roots.local_copies import Copies
folder, uri, digest = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
from mlops_pipeline.roots import local_copies
filled = []
download = local_copies.download
def counted(*args):
    filled.append(1)
    return download(*args)
local_copies.download = counted
with Copies(Path(folder), 1.0).leased({uri: digest}) as paths:
    print(json.dumps([len(filled), Path(paths[uri], "sub/small").read_text()]), flush=True)
"""


def test_processes_that_want_one_copy_download_it_once(
    root: str, server: S3Server, tmp_path: Path
) -> None:
    digest, _ = upload(make_folder(tmp_path / "folder"), root)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-c", FILL, str(tmp_path / "copies"), root, digest]
    processes = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    answers = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        printed, _ = process.communicate(timeout=60)
        answers.append(json.loads(printed))
    assert sum(count for count, _ in answers) == 1
    assert {text for _, text in answers} == {"small"}


def test_threads_that_want_one_copy_download_it_once(root: str, tmp_path: Path) -> None:
    digest, _ = upload(make_folder(tmp_path / "folder"), root)
    copies = Copies(tmp_path / "copies", 1.0)

    def read(_: int) -> tuple[int, str]:
        with copies.leased({root: digest}) as paths:
            place = Path(paths[root])
            return place.stat().st_ino, (place / "sub" / "small").read_text()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(read, range(16)))) == 1


def test_half_a_copy_of_a_process_that_was_killed_is_cleared_away(
    root: str, tmp_path: Path
) -> None:
    digest, _ = upload(make_folder(tmp_path / "folder"), root)
    copies = Copies(tmp_path / "copies", 1.0)
    for name in (f".new-{digest}", f".new-{'0' * 64}"):
        (copies.folder / name).mkdir(parents=True)
        (copies.folder / name / "half").write_text("half")
    with copies.leased({root: digest}) as paths:
        assert digest_path(Path(paths[root])) == digest
    left = {place.name for place in copies.folder.iterdir()}
    assert [name for name in left if name.startswith(".new-")] == []


def test_what_was_altered_meanwhile_is_not_taken_for_a_copy(root: str, tmp_path: Path) -> None:
    digest, _ = upload(make_folder(tmp_path / "folder"), root)
    write_bytes(f"{root}/sub/small", b"other")
    copies = Copies(tmp_path / "copies", 1.0)
    with (
        pytest.raises(RootError, match="altered after it was published"),
        copies.leased({root: digest}),
    ):
        pass
    assert [p.name for p in copies.folder.iterdir() if not p.name.startswith(".")] == []


def mlops(*arguments: str, folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess:
    environment = {
        **os.environ,
        **variables,
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
    }
    return subprocess.run(
        [sys.executable, "-m", "mlops_pipeline.cli", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_runs_on_a_root_in_s3(root: str, server: S3Server, tmp_path: Path) -> None:
    variables = {**server.environment, "MLOPS_SCRATCH": str(tmp_path / "scratch")}
    place = ["--store", str(tmp_path / "metadata.db"), "--root", root]
    pipeline = f"{PIPELINE}:rooted"

    def command(*arguments: str) -> subprocess.CompletedProcess:
        return mlops(*arguments, *place, folder=tmp_path, variables=variables)

    doctor = command("doctor")
    assert f"{root}; local copies in {tmp_path / 'scratch'}" in doctor.stdout
    assert not command("doctor", "--json").stdout.count('"fail"')
    first = command("run", pipeline)
    assert first.returncode == 0, first.stderr
    planned = command("plan", pipeline, "--json")
    assert {n["decision"] for n in json.loads(planned.stdout)["nodes"]} == {"cached"}
    variables["MLOPS_SCRATCH"] = str(tmp_path / "elsewhere")
    second = command("run", pipeline)
    assert second.returncode == 0, second.stderr
    assert "4 cached" in second.stderr + second.stdout
    shown = command("artifacts", "last", "--json")
    assert {a["uri"].startswith(root) for a in json.loads(shown.stdout)} == {True}
    assert command("show", "last").returncode == 0
    why = command("why", "last", "Join")
    assert why.returncode == 0, why.stderr
    replayed = command("replay", "last", "Join")
    assert replayed.returncode == 0, replayed.stderr
    assert (tmp_path / "elsewhere" / "copies").is_dir()
    place[-1] = "s3://nowhere/x"
    assert "bucket does not exist" in command("doctor").stdout


def test_the_command_says_what_is_wrong_with_a_root(server: S3Server, tmp_path: Path) -> None:
    variables = {**server.environment, "MLOPS_SCRATCH": str(tmp_path / "scratch")}

    def run(root: str, **more: str) -> str:
        done = mlops(
            *("run", f"{PIPELINE}:rooted", "--store", str(tmp_path / "m.db"), "--root", root),
            folder=tmp_path,
            variables={**variables, **more},
        )
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    assert "bucket does not exist" in run("s3://nowhere/x")
    said = run("s3://key:hidden@artifacts/x")
    assert "credentials" in said
    assert "hidden" not in said
    away = run(f"s3://{BUCKET}/x", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert "cannot be reached" in away
    assert "cannot be kept in" in run(f"s3://{BUCKET}/x", MLOPS_SCRATCH="/proc/none")


def test_deleting_takes_only_what_is_below(root: str) -> None:
    from mlops_pipeline.roots.object_store import remove

    for name in ("1-ab/x", "1-ab*/x", "1-abc/x", "1-ab"):
        write_bytes(f"{root}/{name}", b"x")
    remove(f"{root}/1-ab*")
    assert names_below(root) == {"1-ab/x", "1-abc/x", "1-ab"}
    remove(f"{root}/1-abc")
    assert names_below(root) == {"1-ab/x", "1-ab"}
    remove(f"{root}/nothing")
    with pytest.raises(NotFoundError):
        list_objects(f"{root}/nothing")
