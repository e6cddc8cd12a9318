import base64
import hashlib
import os
import shutil

import pytest

from mlops_pipeline.code import CodeParts, code_parts
from mlops_pipeline.code.installed import _content


def test_third_party_packages_count_by_version(write, edit, tmp_path, monkeypatch):
    site = tmp_path / "env/lib/site-packages"
    write(
        {
            "p/pipeline.py": """
            import json, mlops_pipeline.api, sys
            import numpy as np
            import not_there.at_all
            from google.cloud import storage
            def unused(): import pandas
            def Trainer():
                import sklearn.linear_model, yaml, google.protobuf.message, odd, loose
                np.sum(not_there, storage)
            """,
            "env/lib/site-packages/numpy/__init__.py": "import secret_internals",
            "env/lib/site-packages/numpy-1.26.4.dist-info/METADATA": "",
            "env/lib/site-packages/pandas.py": "",
            "env/lib/site-packages/pandas-2.0.dist-info/METADATA": "",
            "env/lib/site-packages/sklearn/__init__.py": "",
            "env/lib/site-packages/scikit_learn-1.5.dist-info/METADATA": "",
            "env/lib/site-packages/yaml/__init__.py": "",
            "env/lib/site-packages/PyYAML-6.0.egg-info/top_level.txt": "yaml\n",
            "env/lib/site-packages/google/protobuf/__init__.py": "",
            "env/lib/site-packages/protobuf-4.25.dist-info/METADATA": "",
            "env/lib/site-packages/google/cloud/storage/__init__.py": "",
            "env/lib/site-packages/google_cloud_storage-2.1.dist-info/METADATA": "",
            "env/lib/site-packages/odd.py": "",
            "env/lib/site-packages/strange_name-3.0+cpu.dist-info/RECORD": "odd.py,sha256=x,0\n",
            "env/lib/site-packages/loose.py": "",
        }
    )
    monkeypatch.syspath_prepend(str(site))
    found = code_parts("pipeline:Trainer", [str(tmp_path / "p")])
    assert {n: text.partition(" (")[0] for n, text in found.packages.items()} == {
        "google-cloud-storage": "2.1",
        "loose": "unknown",
        "not_there": "missing",
        "numpy": "1.26.4",
        "protobuf": "4.25",
        "pyyaml": "6.0",
        "scikit-learn": "1.5",
        "strange-name": "3.0+cpu",
    }
    edit("env/lib/site-packages/loose.py", "", "X = 1")
    again = code_parts("pipeline:Trainer", [str(tmp_path / "p")]).packages
    assert again["loose"] != found.packages["loose"]
    (site / "numpy-1.26.4.dist-info").rename(site / "numpy-1.26.5.dist-info")
    assert code_parts("pipeline:Trainer", [str(tmp_path / "p")]).packages["numpy"] == "1.26.5"


def test_an_installed_component_counts_by_the_version_of_its_distribution(write, tmp_path):
    write(
        {
            "site-packages/mlops_components/__init__.py": "",
            "site-packages/mlops_components/trainer.py": "def Trainer(): pass",
            "site-packages/mlops_pipeline-1.2.dist-info/METADATA": "",
        }
    )
    found = code_parts("mlops_components.trainer:Trainer", [str(tmp_path / "site-packages")])
    assert found == CodeParts({}, {}, {"mlops-pipeline": "1.2"})


@pytest.fixture
def install(write, tmp_path, monkeypatch):
    site = tmp_path / "site-packages"
    monkeypatch.syspath_prepend(str(site))
    write({"app/job.py": "import mylib\ndef A(): return mylib.K"})

    def put(text: str, *, version: str = "1.0", data: str = "") -> str:
        shutil.rmtree(site, ignore_errors=True)
        files = {"mylib/__init__.py": text, "mylib/data.txt": data}
        write({f"site-packages/{name}": each for name, each in files.items()})
        rows = []
        for name in files:
            path = site / name
            digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest())
            rows.append(f"{name},sha256={digest.rstrip(b'=').decode()},{path.stat().st_size}\n")
        rows += [f"../../../bin/mylib,sha256={tmp_path.name},9\n", "mylib/__init__.pyc,,\n"]
        write({f"site-packages/mylib-{version}.dist-info/RECORD": "".join(rows)})
        return look()

    def look() -> str:
        _content.cache_clear()
        return code_parts("job:A", [str(tmp_path / "app")]).packages["mylib"]

    put.look = look
    put.file = site / "mylib/__init__.py"
    return put


def test_a_package_that_is_installed_again_with_the_same_version_counts(install):
    before = install("K = 1\n")
    assert before.startswith("1.0 (content ")
    assert install("K = 2\n") != before
    assert install("K = 1\n", data="a") != before
    assert install("K = 1\n") == before


@pytest.mark.parametrize("later", [0, 100])
def test_an_installed_file_that_was_edited_by_hand_counts(install, later):
    before = install("K = 1\n")
    install.file.write_text("K = 2\n" if later else "K = 22\n")
    status = install.file.stat()
    os.utime(install.file, (status.st_atime, status.st_mtime + later))
    assert install.look() != before


def test_an_installed_file_with_a_new_time_is_the_same(install):
    before = install("K = 1\n")
    status = install.file.stat()
    os.utime(install.file, (status.st_atime, status.st_mtime + 100))
    assert install.look() == before


def test_an_installed_file_that_is_gone_counts(install):
    before = install("K = 1\n")
    install.file.with_name("data.txt").unlink()
    assert install.look() == before  # Only code is looked at.
    install.file.unlink()
    install.file.with_name("__init__.so").touch()
    assert install.look() != before
