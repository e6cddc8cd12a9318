from pathlib import Path

import pytest

from mlops_pipeline.runners.workers.memory_limit import memory_limit, out_of_memory_hint

POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}


def cgroups(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{text}\n")
    return folder


@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"])
def test_in_a_pod_its_limit_and_the_option_are_named(tmp_path: Path, name: str) -> None:
    hint = out_of_memory_hint(POD, cgroups(tmp_path, name, str(512 * 2**20)))
    assert "its pod may use 512Mi" in hint
    assert "Resources(memory=" in hint
    assert "dmesg" not in hint


def test_a_pod_without_a_limit_says_so(tmp_path: Path) -> None:
    assert "its pod has no limit" in out_of_memory_hint(POD, cgroups(tmp_path, "memory.max", "max"))


def test_on_a_machine_the_kernel_is_asked(tmp_path: Path) -> None:
    assert "dmesg" in out_of_memory_hint({}, tmp_path)
    assert "1,000,001 bytes" in out_of_memory_hint({}, cgroups(tmp_path, "memory.max", "1000001"))


def test_no_limit_is_no_number(tmp_path: Path) -> None:
    assert memory_limit(tmp_path) is None
    unlimited = cgroups(tmp_path, "memory/memory.limit_in_bytes", str(2**63 - 4096))
    assert memory_limit(unlimited) is None
