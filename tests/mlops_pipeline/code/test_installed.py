from mlops_pipeline.code import CodeParts, code_parts


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
    assert found.packages == {
        "google-cloud-storage": "2.1",
        "loose": "unknown",
        "not_there": "missing",
        "numpy": "1.26.4",
        "protobuf": "4.25",
        "pyyaml": "6.0",
        "scikit-learn": "1.5",
        "strange-name": "3.0+cpu",
    }
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
