import pytest

from mlops_pipeline.errors import CompileError


def test_docstrings_count_in_a_module_that_reads_them(write, edit, parts):
    write({"pipeline.py": 'def Trainer():\n    "Ask."\n    return Trainer.__doc__'})
    before = parts()
    edit("pipeline.py", "Ask.", "Tell.")
    assert parts().parts != before.parts


@pytest.mark.parametrize("file", ["pipeline.py", "lib.py"])
def test_a_syntax_error_names_file_and_line(write, parts, tmp_path, file):
    write({"pipeline.py": "import lib\ndef Trainer(): lib.f()\n", "lib.py": ""})
    (tmp_path / file).write_text("x = 1\nimport lib\ndef broken(:\n")
    with pytest.raises(CompileError) as caught:
        parts()
    assert caught.value.where == f"{tmp_path / file}:3"


def test_text_that_is_not_utf8_names_the_file(parts, tmp_path):
    (tmp_path / "pipeline.py").write_bytes(b"x = '\xff'\n")
    with pytest.raises(CompileError) as caught:
        parts()
    assert caught.value.where.startswith(str(tmp_path / "pipeline.py"))


def test_a_declared_encoding_is_read(parts, tmp_path):
    (tmp_path / "pipeline.py").write_bytes(b"# coding: latin-1\ndef Trainer(): return '\xe4'\n")
    assert "ä" in parts().sources["pipeline.py::Trainer"]


@pytest.mark.parametrize("depth", [600, 1200, 5000])
def test_code_that_is_nested_deeply_counts_with_its_imports(write, edit, parts, depth):
    write(
        {"pipeline.py": f"import lib\ndef Trainer(): return {'1 + ' * depth}1", "lib.py": "X = 1"}
    )
    before = parts()
    edit("lib.py", "X = 1", "X = 2")
    after = parts()
    assert after.parts != before.parts
    edit("pipeline.py", "return 1 +", "return 2 +")
    assert len(set(parts().parts.values()) - set(after.parts.values())) == 1


def test_a_future_import_counts_for_every_symbol_of_its_file(write, parts):
    write({"pipeline.py": "X = 1\ndef Trainer(): X", "lib.py": ""})
    before = parts().parts
    write({"pipeline.py": "from __future__ import annotations\nX = 1\ndef Trainer(): X"})
    assert {name for name, digest in parts().parts.items() if digest != before[name]} == set(before)
