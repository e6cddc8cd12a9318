from pathlib import Path

import pytest
from cli_project import Mlops

COMPILE = ("compile", ".", "--to", "kubeflow", "-o", "small.yaml")
STORE = ("--store", "mysql://mlmd@db/mlmd", "--root", "s3://bucket/a")


def test_a_pipeline_needs_an_image(mlops: Mlops) -> None:
    done = mlops(*COMPILE, *STORE)
    assert done.code == 2
    assert "--image" in done.err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--secret", "TOKEN=vault"), "--secret TOKEN=vault names no key"),
        (("--env", "MODE"), "--env MODE"),
    ],
)
def test_what_a_flag_lacks_is_named(mlops: Mlops, flags: tuple[str, ...], words: str) -> None:
    done = mlops(*COMPILE, "--image", "img:1", *STORE, *flags)
    assert done.code == 2
    assert words in done.err


def test_what_is_in_a_package_is_not_given_again(mlops: Mlops, tmp_path: Path) -> None:
    assert mlops(*COMPILE, "--image", "img:1", *STORE).code == 0
    again = mlops("kubeflow", "submit", "small.yaml", "--image", "img:2", "--url", "http://x")
    assert again.code == 2
    assert "--image does nothing here" in again.err


def test_functions_for_pods_are_found_in_the_current_folder(
    mlops: Mlops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deployment").mkdir()
    (tmp_path / "deployment" / "own_pods.py").write_text(
        "def gpu(task):\n"
        "    task.platform_config['kubernetes'] = {'nodeSelector': {'labels': {'pool': 'gpu'}}}\n"
        "pods = {'Train': gpu}\n"
    )
    monkeypatch.chdir(tmp_path / "deployment")
    done = mlops(
        *("compile", "..", "--to", "kubeflow", "-o", "small.yaml", "--image", "img:1", *STORE),
        *("--customize", "own_pods:pods"),
    )
    assert done.code == 0, done.err
    assert "nodeSelector" in Path("small.yaml").read_text()
