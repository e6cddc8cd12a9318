"""The images of `docker/`: everything in them is pinned, nobody is root, nothing is opened."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "docker").glob("*/Containerfile"))


class Step(NamedTuple):
    """An instruction of a Containerfile, its lines joined."""

    name: str
    text: str


def steps(file: Path) -> list[Step]:
    text = re.sub(r"^\s*#.*\n", "", file.read_text(), flags=re.M).replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip()]
    return [Step(*re.split(r"\s+", line.strip(), maxsplit=1)) for line in lines]


def stages(file: Path) -> list[list[Step]]:
    found: list[list[Step]] = []
    for step in steps(file):
        if step.name == "FROM":
            found.append([])
        if found:
            found[-1].append(step)
    return found


def test_there_are_images() -> None:
    assert [file.parent.name for file in FILES] == ["airflow", "light", "ml"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_everything_is_pinned(file: Path) -> None:
    (argument,) = [step.text for step in steps(file) if step.name == "ARG"]
    name, _, image = argument.partition("=")
    assert re.fullmatch(r"[\w./-]+:(?!latest)[\w.-]+", image)
    assert all(stage[0].text.startswith(f"${{{name}}}") for stage in stages(file))
    commands = [step.text for step in steps(file) if step.name == "RUN"]
    installs = [
        part
        for command in commands
        for part in command.split("&&")
        if re.search(r"\bpip\b.* (install|wheel) ", part)
    ]
    assert len(installs) >= 3
    for install in installs:
        pinned = re.search(r"-c constraints/([\w.-]+)", install)
        assert pinned or "--no-deps" in install, install
        if pinned:
            assert (ROOT / "constraints" / pinned[1]).is_file()
            assert "--only-binary :all:" in install, "what is built is built apart"
    # What was installed is compared with the constraint file when the image is built.
    assert sum(command.count("docker/pinned.py constraints/") for command in commands) == 2


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_the_last_stage_runs_nothing_opens_nothing_and_is_nobody(file: Path) -> None:
    last = stages(file)[-1]
    names = [step.name for step in last]
    assert not {"RUN", "EXPOSE", "ADD", "VOLUME"} & set(names)
    users = [step.text for step in last if step.name == "USER"]
    assert users == ["1000:1000"]
    assert names.index("USER") > max(i for i, name in enumerate(names) if name == "COPY")
    everything = file.read_text()
    assert "EXPOSE" not in everything
    assert not re.search(r"\b(curl|wget|sudo|chmod 777)\b|--trusted-host|index-url", everything)


def test_a_package_of_another_version_fails_the_build(tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "docker" / "pinned.py")]
    light = ROOT / "constraints" / "light.txt"
    pins = tmp_path / "pins.txt"
    pins.write_text(re.sub(r"^click==.*", "click==1.0", light.read_text(), flags=re.M))
    done = subprocess.run([*script, str(pins), "pip"], capture_output=True, text=True)
    assert done.returncode == 1
    assert " click==" in done.stdout


def test_what_images_need_beside_the_project_is_what_it_says() -> None:
    command = [sys.executable, str(ROOT / "docker" / "requirements.py"), "mlmd"]
    if sys.version_info < (3, 11):
        pytest.skip("the script is for the Python of the images")
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    assert any(line.startswith("ml-metadata") for line in told)
    assert any(line.startswith("fsspec") for line in told)
    assert not any(line.startswith("tensorflow") for line in told)


def test_the_compose_file_opens_airflow_to_this_machine_only_and_holds_no_secret() -> None:
    text = (ROOT / "docker" / "compose.yaml").read_text()
    opened = re.findall(r"^ {4}ports:\n((?: {6}- .*\n)+)", text, re.M)
    assert opened == ['      - "127.0.0.1:8080:8080"\n']
    images = set(re.findall(r"image: (\S+)", text))
    assert all(re.search(r":(?!latest)[\w.-]+$", image) for image in images)
    secrets = re.findall(r"^ +\w+(?:PASSWORD|SECRET|SECRET_KEY|TOKEN): (.*)", text, re.M)
    assert len(secrets) == 5
    assert all(re.fullmatch(r"\$\{\w+:\?set it in docker/\.env\}", value) for value in secrets)


def test_the_images_have_what_the_readme_submits_with() -> None:
    wanted = {"mysql": "mysql", "grpc": "mlmd", "s3": "s3", "gs": "gcs"}
    readme = (ROOT / "docker" / "README.md").read_text()
    schemes = re.findall(r"--(?:store|root) (\w+)://", readme)
    assert {"mysql", "s3"} <= set(schemes)
    for name in ("light", "ml"):
        file = (ROOT / "docker" / name / "Containerfile").read_text()
        (extras,) = re.findall(r"requirements\.py ([\w ]+) >", file)
        assert {wanted[scheme] for scheme in schemes} <= set(extras.split()), name
