"""`mlops kubeflow` with the oldest and the newest SDK, against a stand-in for the API server.

The stand-in is `kubeflow_api.py`: nothing here has talked to a live cluster.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from suite import HERE, IMPORTS

SDKS = {"2.13": "MLOPS_TEST_KFP_213", "newest": "MLOPS_TEST_KFP"}
SECRET = "sesame-72"

pytestmark = [
    pytest.mark.kubeflow,
    pytest.mark.slow,  # every command imports the SDK
]

PIPELINE = """
from mlops_pipeline import component, pipeline

@component
def Add(rows: int, names: list[str], ratio: float | None, mixed: int | str) -> int:
    return rows + len(names)

@pipeline
def sums(
    rows: int, names: list[str] = ["a"], ratio: float | None = None, mixed: int | str = 7
) -> None:
    "Add up."
    Add(rows=rows, names=names, ratio=ratio, mixed=mixed)
"""


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


class Kubeflow:
    """The stand-in, and commands of `mlops` that talk to it."""

    def __init__(self, sdk: str, folder: Path) -> None:
        self.sdk = sdk
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("MLOPS", "KF_", "PYTHON"))},
            "PYTHONPATH": IMPORTS,
            # The SDK keeps a file there.
            "HOME": str(folder),
            "MLOPS_KUBEFLOW_TOKEN": SECRET,
        }
        (folder / "pipeline.py").write_text(PIPELINE)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, or start it again with what it has kept."""
        said = self.folder / "port"
        said.unlink(missing_ok=True)
        command = [self.sdk, str(HERE / "kubeflow_api.py"), str(self.folder), str(self.port)]
        self.process = subprocess.Popen(command, env=self.environment)
        deadline = time.monotonic() + 60
        while not (said.exists() and said.read_text()):
            assert self.process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        self.port = int(said.read_text())

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def control(self, **how: Any) -> dict[str, Any]:
        """Set how it behaves; what it was asked and what it has."""
        data = json.dumps(how).encode() if how else None
        with urllib.request.urlopen(f"{self.url}/control", data=data, timeout=30) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def things(self, kind: str) -> list[dict[str, Any]]:
        return list(self.control()["things"][kind].values())

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `mlops kubeflow`."""
        command = [self.sdk, "-W", "error", "-m", "mlops_pipeline.cli", "kubeflow", *arguments]
        assert not any(SECRET in argument for argument in command)
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={"MLOPS_KUBEFLOW_URL": self.url, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def mlops(self, *arguments: str) -> Said:
        process = self.begin(*arguments)
        out, err = process.communicate(timeout=120)
        assert "Traceback" not in err, err
        assert SECRET not in out + err
        return Said(process.returncode, out, err)

    def well(self, *arguments: str) -> Any:
        """What a command that must succeed says, as JSON."""
        said = self.mlops(*arguments, "--json")
        assert said.code == 0, said.err
        return said.data

    def wrong(self, *arguments: str) -> str:
        """The complaint of a command that must be refused."""
        said = self.mlops(*arguments)
        assert said.code == 2, said
        return said.err


@pytest.fixture(scope="module", params=list(SDKS))
def kubeflow(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Kubeflow]:
    sdk = os.environ.get(SDKS[request.param], "")
    if not sdk:
        pytest.skip(f"{SDKS[request.param]} names no interpreter with kfp")
    found = Kubeflow(sdk, tmp_path_factory.mktemp("kubeflow"))
    try:
        found.start()
        yield found
    finally:
        found.stop()


@pytest.fixture(autouse=True)
def well_behaved(kubeflow: Kubeflow) -> None:
    kubeflow.control(token=SECRET, page=1, faults=[], fate=["PENDING", "RUNNING", "SUCCEEDED"])


LOCATED = ("--store", "grpc://127.0.0.1:9", "--root", "s3://bucket/a")
SUBMIT = ("submit", "pipeline.py", "--image", "img:1", *LOCATED, "-p", "rows=3")


def test_a_run_is_started_once_under_its_name(kubeflow: Kubeflow) -> None:
    first = kubeflow.well(*SUBMIT, "--run-name", "ci-1", "-p", 'names=["x", "y"]', "-p", "mixed=8")
    again = kubeflow.well(*SUBMIT, "--run-name", "ci-1", "-p", 'names=["x", "y"]', "-p", "mixed=8")
    assert (first["started"], again["started"]) == (True, False)
    assert (first["version"]["uploaded"], again["version"]["uploaded"]) == (True, False)
    assert first["run_id"] == again["run_id"] == f"kfp-{first['kubeflow_run']}"
    assert first["link"].startswith(f"{kubeflow.url}/#/runs/details/")
    (run,) = [run for run in kubeflow.things("runs") if run["display_name"] == "ci-1"]
    # A text for what may be an integer or a text: it arrives as the text that was given.
    parameters = {"rows": 3, "names": ["x", "y"], "mixed": '"8"'}
    assert run["runtime_config"]["parameters"] == parameters
    (version,) = [v for v in kubeflow.things("versions") if "sums-" in v["display_name"]]
    assert re.fullmatch(r"sums-[0-9a-f]{16}", version["display_name"])
    other = kubeflow.wrong(
        "submit", "pipeline.py", "--image", "img:1", *LOCATED, "-p", "rows=4", *NAMED
    )
    assert "ci-1 of sums was started before" in other
    assert "choose another --run-name" in other


NAMED = ("--run-name", "ci-1")


def test_a_package_is_the_same_version_as_its_pipeline(kubeflow: Kubeflow) -> None:
    compiled = [
        "compile",
        "pipeline.py",
        "--to",
        "kubeflow",
        "--image",
        "img:1",
        "-o",
        "s.yaml",
        *LOCATED,
    ]
    command = [kubeflow.sdk, "-m", "mlops_pipeline.cli", *compiled]
    subprocess.run(command, cwd=kubeflow.folder, env=kubeflow.environment, check=True)
    from_pipeline = kubeflow.well(*SUBMIT)
    from_package = kubeflow.well("submit", "s.yaml", "-p", "rows=3")
    assert from_pipeline["version"]["name"] == from_package["version"]["name"]
    assert not from_package["version"]["uploaded"]
    assert from_pipeline["name"] != from_package["name"]
    assert "--image does nothing" in kubeflow.wrong("submit", "s.yaml", "--image", "x")
    (kubeflow.folder / "other.yaml").write_text("root: {}\n")
    assert "no package of mlops-pipeline" in kubeflow.wrong("submit", "other.yaml")


def test_waiting_tells_how_it_goes_and_how_it_went(kubeflow: Kubeflow) -> None:
    well = kubeflow.mlops(*SUBMIT, "--wait")
    assert well.code == 0
    assert well.out.splitlines()[-1].endswith(": SUCCEEDED")
    progress = well.err.splitlines()
    assert progress[:2] == ["run: PENDING", "Add: PENDING"]
    assert "Add: SUCCEEDED" in progress
    for state in ("FAILED", "CANCELED"):
        kubeflow.control(fate=["RUNNING", state])
        failed = kubeflow.mlops(*SUBMIT, "--wait", "--json")
        assert (failed.code, failed.data["state"]) == (1, state)
        assert f"Add: {state}" in failed.err.splitlines()
        assert ("error: Add: Error (exit code 1)" in failed.err) is (state == "FAILED")
        show = f"  mlops show {failed.data['run_id']} --store grpc://127.0.0.1:9"
        assert failed.err.splitlines()[-2:] == ["next:", show]
    kubeflow.control(fate=["RUNNING"])
    late = kubeflow.wrong(*SUBMIT, "--wait", "--timeout", "1")
    assert "is still RUNNING after 1 s" in late


def test_a_run_whose_pods_would_not_meet_is_refused(kubeflow: Kubeflow) -> None:
    before = len(kubeflow.control()["requests"])
    alone = (*SUBMIT[:4], "-p", "rows=3")
    assert "--store and --root of the pods are not named" in kubeflow.wrong(*alone)
    assert "--root of the pods is not named" in kubeflow.wrong(*alone, *LOCATED[:2])
    assert len(kubeflow.control()["requests"]) == before
    assert kubeflow.well(*alone, "--locations-in-image")["started"]


def test_a_restart_of_the_server_ends_no_wait(kubeflow: Kubeflow) -> None:
    kubeflow.control(fate=["RUNNING", "RUNNING", "RUNNING", "SUCCEEDED"])
    process = kubeflow.begin(*SUBMIT, "--wait", "--json")
    deadline = time.monotonic() + 60
    while not any(run.get("polls") == 1 for run in kubeflow.things("runs")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    kubeflow.stop()
    time.sleep(1.5)  # it is gone for a while, as an upgrade takes it away
    kubeflow.start()
    out, err = process.communicate(timeout=120)
    assert (process.returncode, json.loads(out)["state"]) == (0, "SUCCEEDED"), err


@pytest.mark.parametrize("status", [0, 503])
def test_an_answer_that_is_lost_starts_no_second_run(kubeflow: Kubeflow, status: int) -> None:
    lost = {"match": "POST .*/runs$", "status": status, "times": 1, "after": True}
    kubeflow.control(faults=[lost])
    name = f"lost-{status}"
    done = kubeflow.well(*SUBMIT, "--run-name", name)
    assert done["started"]
    assert len([run for run in kubeflow.things("runs") if run["display_name"] == name]) == 1


def test_two_that_upload_at_once_meet(kubeflow: Kubeflow) -> None:
    pair = [
        kubeflow.begin(
            "submit", "pipeline.py", "--image", "pair:1", *LOCATED, "-p", "rows=1", "--json"
        )
        for _ in range(2)
    ]
    done = [(*process.communicate(timeout=120), process.returncode) for process in pair]
    assert [code for *_, code in done] == [0, 0], done
    versions = {json.loads(out)["version"]["version_id"] for out, *_ in done}
    assert len(versions) == 1


SCHEDULE = ("schedule", *SUBMIT[1:], "--name", "nightly")


def recurring(kubeflow: Kubeflow, name: str) -> list[dict[str, Any]]:
    return [each for each in kubeflow.things("recurringruns") if each["display_name"] == name]


def test_a_schedule_is_made_kept_and_replaced(kubeflow: Kubeflow) -> None:
    daily = (*SCHEDULE, "--cron", "30 3 * * MON-FRI", "--no-catchup", "--max-concurrency", "2")
    first = kubeflow.well(*daily)
    (made,) = recurring(kubeflow, "nightly")
    assert made["trigger"] == {"cron_schedule": {"cron": "0 30 3 * * MON-FRI"}}
    assert (made["max_concurrency"], made["no_catchup"], made["status"]) == ("2", True, "ENABLED")
    assert made["runtime_config"]["parameters"] == {"rows": 3}
    again = kubeflow.well(*daily)
    assert (first["change"], again["change"]) == ("created", "none")
    assert again["schedule_id"] == first["schedule_id"]

    assert "paused" in kubeflow.mlops("pause", "nightly").out
    before = len(kubeflow.control()["requests"])
    changed = kubeflow.well(*SCHEDULE, "--every", "6h")
    (now,) = recurring(kubeflow, "nightly")
    assert changed["replaced"] == [first["schedule_id"]]
    assert now["trigger"] == {"periodic_schedule": {"interval_second": 21600}}
    assert now["status"] == "DISABLED", "what somebody has paused stays so"
    asked = [
        f"{method} {path.split('/')[3]}"
        for method, path, *_ in kubeflow.control()["requests"][before:]
        if method != "GET"
    ]
    assert asked == ["POST recurringruns", "DELETE recurringruns"]
    kubeflow.well(*SCHEDULE, "--every", "6h", "--enabled")
    assert [each["status"] for each in recurring(kubeflow, "nightly")] == ["ENABLED"]


def test_a_replacement_that_was_cut_off_is_finished(kubeflow: Kubeflow) -> None:
    named = (*SCHEDULE[:-1], "cut off")
    kubeflow.well(*named, "--every", "1h")
    kubeflow.control(faults=[{"match": "DELETE", "status": 500, "times": 1}])
    assert "answers 500" in kubeflow.wrong(*named, "--every", "2h")
    assert len(recurring(kubeflow, "cut off")) == 2, "the schedule is never lost"
    done = kubeflow.well(*named, "--every", "2h")
    assert done["change"] == "none"
    (left,) = recurring(kubeflow, "cut off")
    assert left["trigger"]["periodic_schedule"]["interval_second"] == 7200


def test_what_is_there_is_listed_over_pages_and_deleted_by_name(kubeflow: Kubeflow) -> None:
    kubeflow.well(*SCHEDULE[:-1], "gone soon", "--cron", "@daily", "--paused")
    version = kubeflow.well("submit", "pipeline.py", "--image", "old:1", *LOCATED, "-p", "rows=1")[
        "version"
    ]
    kubeflow.well("submit", "pipeline.py", "--image", "new:1", *LOCATED, "-p", "rows=1")
    (pipeline,) = kubeflow.well("list", "pipelines")
    assert (pipeline["name"], pipeline["about"]) == ("sums", "Add up.")
    versions = [each["name"] for each in kubeflow.well("list", "versions")]
    assert version["name"] in versions
    assert len(versions) > 1
    (listed,) = [s for s in kubeflow.well("list", "schedules") if s["name"] == "gone soon"]
    assert (listed["when"], listed["state"]) == ("0 0 0 * * *", "paused")
    assert len(kubeflow.well("list", "runs", "--limit", "2")) == 2
    assert "gone soon" in kubeflow.mlops("list", "schedules").out

    used = kubeflow.things("versions")[0]["display_name"]
    assert "is what schedule" in kubeflow.wrong("delete", "version", used)
    kubeflow.well("delete", "schedule", "gone soon")
    assert recurring(kubeflow, "gone soon") == []
    kubeflow.well("delete", "version", version["name"])
    assert version["name"] not in [v["display_name"] for v in kubeflow.things("versions")]
    assert "there is no schedule 'gone soon'" in kubeflow.wrong("delete", "schedule", "gone soon")
    assert "there is no pipeline 'smus'" in kubeflow.wrong("delete", "version", "smus-1")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-p", "row=3"), "did you mean 'rows'?"),
        (("-p", "rows=many"), "parameter 'rows': 'many' is not an integer"),
        ((), "needs a value for parameter 'rows'"),
        (("-p", f"rows={2**60}"), "Kubeflow would round"),
    ],
)
def test_a_wrong_parameter_is_told_before_anything_is_sent(
    kubeflow: Kubeflow, arguments: tuple[str, ...], told: str
) -> None:
    before = len(kubeflow.control()["requests"])
    assert told in kubeflow.wrong("submit", "pipeline.py", "--image", "img:1", *arguments)
    assert len(kubeflow.control()["requests"]) == before


def test_a_run_may_be_about_some_nodes_only(kubeflow: Kubeflow) -> None:
    before = len(kubeflow.control()["requests"])
    typo = kubeflow.wrong(*SUBMIT, "--run-name", "part", "--only", "Ad")
    assert "has no node 'Ad'" in typo
    assert "did you mean 'Add'" in typo
    assert len(kubeflow.control()["requests"]) == before
    kubeflow.well(*SUBMIT, "--run-name", "part", "--only", "Add", "--base-run", "r1", "--force")
    (run,) = [run for run in kubeflow.things("runs") if run["display_name"] == "part"]
    chosen = {"run_only": ["Add"], "base_run": "r1", "force_run": True}
    assert run["runtime_config"]["parameters"] == {"rows": 3, **chosen}


def test_an_experiment_is_found_or_made(kubeflow: Kubeflow) -> None:
    missing = kubeflow.wrong(*SUBMIT, "--experiment", "Defualt")
    assert "there is no experiment 'Defualt'" in missing
    assert "did you mean 'Default'?" in missing
    kubeflow.well(*SUBMIT, "--experiment", "weekly", "--new-experiment")
    kubeflow.well(*SUBMIT, "--experiment", "weekly")
    assert [e["display_name"] for e in kubeflow.things("experiments")].count("weekly") == 1


def test_a_server_that_refuses_is_told_in_a_line(kubeflow: Kubeflow) -> None:
    kubeflow.control(token="another")
    refused = kubeflow.wrong("list")
    assert f"{kubeflow.url} answers 401: Request header error" in refused
    assert "MLOPS_KUBEFLOW_TOKEN or --token-file" in refused
    file = kubeflow.folder / "token"
    file.write_text("another\n")
    assert kubeflow.mlops("list", "--token-file", str(file)).code == 0
    kubeflow.control(token=SECRET, faults=[{"match": "POST", "status": 403, "times": 9}])
    assert "answers 403" in kubeflow.wrong(
        "submit", "pipeline.py", "--image", "x:9", *LOCATED, "-p", "rows=1"
    )
    kubeflow.control(faults=[{"match": "GET .*/experiments", "status": 500, "times": 1}])
    assert "answers 500" in kubeflow.wrong(*SUBMIT)
    kubeflow.control(faults=[{"match": "GET .*/runs", "status": 404, "times": 1}])
    assert "answers 404" in kubeflow.wrong(*SUBMIT)


def test_a_server_that_is_not_there_is_named(kubeflow: Kubeflow) -> None:
    begun = time.monotonic()
    gone = kubeflow.wrong("list", "--url", "http://127.0.0.1:9")
    assert "cannot reach Kubeflow at http://127.0.0.1:9" in gone
    assert time.monotonic() - begun < 20
    assert "is not where a Kubeflow is" in kubeflow.wrong("list", "--url", "localhost:8080")
    password = kubeflow.wrong("list", "--url", "http://me:pass@127.0.0.1")
    assert "holds a password" in password
    assert "me:pass" not in password


def test_several_users_have_namespaces(kubeflow: Kubeflow) -> None:
    kubeflow.control(multi_user=True)
    try:
        done = kubeflow.well(
            *SUBMIT, "--namespace", "team", "--experiment", "t", "--new-experiment"
        )
        assert done["started"]
        assert "multi-user mode" in kubeflow.wrong("list")
    finally:
        kubeflow.control(multi_user=False)


def test_without_the_sdk_its_extra_is_named(tmp_path: Path) -> None:
    # The environment of the tests has no kfp.
    done = subprocess.run(
        [sys.executable, "-m", "mlops_pipeline.cli", "kubeflow", "list", "--url", "http://x"],
        env={**os.environ, "PYTHONPATH": IMPORTS},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "mlops-pipeline[kubeflow]" in done.stderr
    assert "Traceback" not in done.stderr
