import sys
import zipfile

import pytest

from mlops_pipeline.code import code_parts
from mlops_pipeline.errors import CompileError


def test_a_new_file_that_comes_first_on_the_path_counts(write, tmp_path):
    write({"a/empty.txt": "", "b/lib.py": "X = 1", "b/job.py": "import lib\ndef A(): lib.X"})
    paths = [str(tmp_path / "a"), str(tmp_path / "b")]
    before = code_parts("job:A", paths)
    write({"a/lib.py": "X = 2"})
    assert code_parts("job:A", paths).parts["lib.py::X"] != before.parts["lib.py::X"]


def test_a_compiled_module_counts_by_its_bytes(write, parts, tmp_path):
    write({"pipeline.py": "import fast\ndef Trainer(): fast.f()"})
    (tmp_path / "fast.so").write_bytes(b"\x7fELF1")
    before = parts()
    (tmp_path / "fast.so").write_bytes(b"\x7fELF2")
    assert before.parts["fast.so"] != parts().parts["fast.so"]


@pytest.mark.parametrize("name", ["lib.zip", "site-packages/lib-1.0.egg"])
@pytest.mark.parametrize("module", ["packed.py", "packed/__init__.py"])
def test_code_in_an_archive_counts_by_the_bytes_of_the_archive(
    write, parts, tmp_path, monkeypatch, name, module
):
    write({"pipeline.py": "import packed\ndef Trainer(): packed.f()"})
    archive = tmp_path / name
    archive.parent.mkdir(exist_ok=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(archive)])
    digests = []
    for value in (1, 2):
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr(module, f"def f(): return {value}")
        digests.append(parts().parts[name])
    assert digests[0] != digests[1]
    assert parts().packages == {}


def test_module_files_are_called_the_same_wherever_they_are(write, tmp_path):
    write({"p/pipeline.py": "def Trainer(): pass", "one/u.py": "x = 1", "two/u.py": "x = 1"})
    results = [
        code_parts("pipeline:Trainer", [str(tmp_path / "p")], [tmp_path / folder / "u.py"]).parts
        for folder in ("one", "two")
    ]
    assert results[0] == results[1]
    assert "u.py::x" in results[0]


def test_an_unknown_module_says_so(parts):
    with pytest.raises(CompileError, match="no_such_module"):
        parts("no_such_module:Trainer")
